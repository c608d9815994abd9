// SPDX-License-Identifier: Apache-2.0
// Pets drawn for the screenshots, 640 x 480: no photo of anybody's pet is kept in the repository.
const scene = (sky, ground, pet) => `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" width="640" height="480">
  <rect width="640" height="480" fill="${sky}"/><circle cx="520" cy="90" r="46" fill="#fff" opacity=".55"/>
  <path d="M0 330q160-60 320-20t320-20v190H0z" fill="${ground}"/><path d="M0 390q200-50 380-10t260-30v130H0z" fill="${ground}" opacity=".6"/>${pet}</svg>`;
const eyes = (x1, x2, y, r = 11) => [x1, x2].map((x) => `<circle cx="${x}" cy="${y}" r="${r}" fill="#2a1b12"/><circle cx="${x + r / 3}" cy="${y - r / 3}" r="${r / 3}" fill="#fff"/>`).join("");

const dog = ({ coat, ear, muzzle, patch = "", collar }) => `
  <path d="M190 480c-10-120 30-190 130-190s140 70 130 190z" fill="${coat}"/>
  <path d="M262 480c0-90 10-140 58-140s58 50 58 140z" fill="${muzzle}"/>
  <path d="M232 318q88 60 176 0l8 26q-96 62-192 0z" fill="${collar}"/><circle cx="320" cy="372" r="15" fill="#f2c14e"/>
  <path d="M320 70c86 0 122 60 122 132 0 80-52 128-122 128s-122-48-122-128c0-72 36-132 122-132z" fill="${coat}"/>${patch}
  <path d="M222 96c-46-14-82 18-84 84-1 62 16 100 40 100 30 0 34-90 68-150zM418 96c46-14 82 18 84 84 1 62-16 100-40 100-30 0-34-90-68-150z" fill="${ear}"/>
  <path d="M320 196c44 0 72 30 72 70s-32 66-72 66-72-26-72-66 28-70 72-70z" fill="${muzzle}"/>
  <path d="M290 226c0-14 60-14 60 0s-14 30-30 30-30-16-30-30z" fill="#2a1b12"/><path d="M320 256v22m0 0c-14 18-34 16-40 4m40-4c14 18 34 16 40 4" fill="none" stroke="#2a1b12" stroke-width="6" stroke-linecap="round"/>
  ${eyes(270, 370, 180, 13)}`;

const cat = ({ coat, point, muzzle, iris }) => `
  <path d="M210 480c-10-110 30-170 110-170s120 60 110 170z" fill="${coat}"/>
  <path d="M206 190L190 60l92 54zM434 190l16-130-92 54z" fill="${point}"/><path d="M216 150l-8-62 46 28zM424 150l8-62-46 28z" fill="#e8a7a0"/>
  <path d="M320 96c80 0 128 52 128 120s-56 114-128 114-128-46-128-114 48-120 128-120z" fill="${coat}"/>
  <path d="M320 180c50 0 84 34 84 74s-38 70-84 70-84-30-84-70 34-74 84-74z" fill="${muzzle}"/>
  <ellipse cx="268" cy="204" rx="22" ry="25" fill="${iris}"/><ellipse cx="372" cy="204" rx="22" ry="25" fill="${iris}"/>
  <ellipse cx="268" cy="204" rx="8" ry="22" fill="#1c1410"/><ellipse cx="372" cy="204" rx="8" ry="22" fill="#1c1410"/>
  <path d="M304 250h32l-16 18z" fill="#d97f78"/><path d="M320 268v10m0 0c-10 14-26 12-32 2m32-2c10 14 26 12 32 2" fill="none" stroke="#3a2a20" stroke-width="5" stroke-linecap="round"/>
  <path d="M232 262l-84-14m84 30l-84 10m260-26l84-14m-84 30l84 10" stroke="#fff" stroke-width="4" stroke-linecap="round" opacity=".85"/>`;

const rabbit = `
  <path d="M200 480c-14-120 34-180 120-180s134 60 120 180z" fill="#d9b48c"/>
  <path d="M270 180c-52-40-64-150-34-172 44 12 72 100 76 160zM370 180c52-40 64-150 34-172-44 12-72 100-76 160z" fill="#d9b48c"/>
  <path d="M272 160c-30-36-36-110-24-128 26 18 44 80 46 122zM368 160c30-36 36-110 24-128-26 18-44 80-46 122z" fill="#f0c9bd"/>
  <path d="M320 130c76 0 112 50 112 104s-48 100-112 100-112-46-112-100 36-104 112-104z" fill="#e6c7a3"/>
  <ellipse cx="290" cy="282" rx="38" ry="32" fill="#f8ead9"/><ellipse cx="350" cy="282" rx="38" ry="32" fill="#f8ead9"/>
  ${eyes(262, 378, 216, 15)}<path d="M304 256h32l-16 18z" fill="#d98a83"/><path d="M312 296h16v24h-16z" fill="#fff"/>`;

const bird = `
  <path d="M120 420h400" stroke="#6b4a2f" stroke-width="20" stroke-linecap="round"/>
  <path d="M330 90c80 0 120 70 116 150-4 90-56 166-116 176-66-10-110-90-110-176 0-90 40-150 110-150z" fill="#6fbf4b"/>
  <path d="M408 200c52 40 62 120 20 210-50-40-70-130-20-210z" fill="#4d9a36"/><path d="M330 90c64 0 96 46 100 100-60 30-140 30-206 0 6-60 42-100 106-100z" fill="#f6d743"/>
  <path d="M404 214q20 20 16 50m-36-40q20 20 16 60" stroke="#2f6d22" stroke-width="7" fill="none" stroke-linecap="round"/>
  <path d="M262 166c-34-2-44 20-36 54 22 4 44-14 48-44z" fill="#f0a04b"/>${eyes(300, 300, 152, 13)}
  <circle cx="276" cy="222" r="9" fill="#3b6fd1"/><circle cx="304" cy="232" r="7" fill="#2a1b12"/><path d="M300 410v22m44-22v22" stroke="#c9847a" stroke-width="10" stroke-linecap="round"/>`;

const teapot = `
  <path d="M190 250c0-70 60-110 130-110s130 40 130 110-50 150-130 150-130-80-130-150z" fill="#5b8fb9"/><path d="M450 220c70-20 90 30 60 80-20 34-50 46-76 46" fill="none" stroke="#5b8fb9" stroke-width="26"/>
  <path d="M196 270c-60 0-70-80-116-96l-8 24c34 30 40 110 124 120z" fill="#5b8fb9"/><ellipse cx="320" cy="146" rx="84" ry="20" fill="#416f94"/><circle cx="320" cy="116" r="20" fill="#416f94"/><path d="M224 250q96 50 192 0" stroke="#dfeaf2" stroke-width="12" fill="none" stroke-linecap="round"/>`;

const tile = (name, breed, species, confidence, rest, svg) => ({ name, svg, predictions: breed ? [[breed, confidence], ...rest].map(([b, c]) => ({ breed: b, species, confidence: c })) : [] });

// What the page is made to say about them. These are samples: no model has looked at a drawing.
export const drawings = [
  tile("sunny.jpg", "Golden Retriever", "Dog", 0.934, [], scene("#bfe0ef", "#8fbf74", dog({ coat: "#dca35a", ear: "#c07f36", muzzle: "#f4dcb2", collar: "#b83227" }))),
  tile("luna.jpg", "Siamese", "Cat", 0.884, [], scene("#f3d9c6", "#c98f72", cat({ coat: "#eadbc4", point: "#5a463a", muzzle: "#7b6353", iris: "#67b7e0" }))),
  tile("scout.jpg", "Beagle", "Dog", 0.671, [["English Foxhound", 0.252]], scene("#f6e3b4", "#a9b96a", dog({ coat: "#b9743a", ear: "#8a4f22", muzzle: "#fbf3e6", collar: "#2f6f9f", patch: '<path d="M300 72h40l12 150h-64z" fill="#fbf3e6"/>' }))),
  tile("kiwi.jpg", "Lorikeet", "Bird", 0.972, [], scene("#cfe9e4", "#9ccbb9", bird)),
  tile("hazel.jpg", "Angora Rabbit", "Rabbit", 0.442, [["Cottontail Rabbit", 0.291], ["Hare", 0.127]], scene("#dcd6f0", "#8db38a", rabbit)),
  tile("teapot.jpg", "", "", 0, [], scene("#efe6da", "#cdb79b", teapot)),
];
