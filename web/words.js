// SPDX-License-Identifier: Apache-2.0
// The words of the reader's language, and the elements that wait for them.
import { en } from "/text.en.js";

const languages = { en };

export const text = languages[navigator.language.slice(0, 2)] ?? en;

// Puts words where the HTML says data-text="name".
export function fillIn(root) {
  for (const element of root.querySelectorAll("[data-text]")) element.textContent = text[element.dataset.text];
}

// A new element: make("p", "hint", "Some words", child, …).
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
