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
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const left = new WeakSet();
const watch = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) {
    if (!isIntersecting) {
      left.add(target);
      target.pause();
    } else if (!calm.matches && !target.dataset.stopped) {
      left.delete(target);
      target.play().catch(() => {});
    }
  }
}, { threshold: 0.6 });
for (const clip of document.querySelectorAll("video")) {
  // Who stops a clip by hand does not find it moving again.
  clip.addEventListener("pause", () => { if (!left.has(clip)) clip.dataset.stopped = "yes"; });
  clip.addEventListener("play", () => { left.delete(clip); delete clip.dataset.stopped; });
  watch.observe(clip);
}
addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details")) part.open = true;
});
