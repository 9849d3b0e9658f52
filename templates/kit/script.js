// Makes pages better that work without it. Nothing is sent anywhere.
"use strict";

// The quick way out: replaces this page, so that going back does not lead here. Three times Escape does the same.
const exit = document.querySelector("[data-exit]");
if (exit) {
  const leave = () => { window.location.replace(exit.href); };
  exit.addEventListener("click", (event) => { event.preventDefault(); leave(); });
  let pressed = 0;
  let last = 0;
  document.addEventListener("keydown", (event) => {
    const now = Date.now();
    pressed = event.key === "Escape" && now - last < 2000 ? pressed + 1 : event.key === "Escape" ? 1 : 0;
    last = now;
    if (pressed === 3) leave();
  });
}
