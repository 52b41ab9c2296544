"use strict";
for (const frame of document.querySelectorAll("[data-compare]")) {
  const range = frame.querySelector("input");
  const move = () => {
    frame.style.setProperty("--split", range.value + "%");
    range.setAttribute("aria-valuetext", range.value + " percent before, " + (100 - range.value) + " percent after");
  };
  range.addEventListener("input", move);
  move();
}
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
