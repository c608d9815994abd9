// SPDX-License-Identifier: Apache-2.0
// How Debian's Chromium is started: without anything that calls home.
export const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
export const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                     "--disable-component-update", "--disable-sync"];
