// Tells of everything in a page that jumped although nobody had pressed anything. Run before the page's own scripts.
(() => {
  if (window !== window.top) return;
  // Chromium counts half a second; on a busy machine the answer to what somebody did takes longer.
  const ANSWERED_MS = 2000;
  let pressed = -Infinity;
  for (const kind of ["keydown", "pointerdown", "click", "input", "drop"])
    window.addEventListener(kind, (event) => { pressed = event.timeStamp; }, { capture: true, passive: true });
  const name = (el) => {
    const classes = [...el.classList].map((one) => `.${one}`).join("");
    const label = el.getAttribute("aria-label") ?? el.id;
    return el.localName + classes + (label ? `[${label}]` : "");
  };
  const where = (node) => {
    const el = node instanceof Element ? node : node?.parentElement;
    if (!el) return "something that is gone";
    const text = el.textContent.replace(/\s+/g, " ").trim().slice(0, 40);
    return `${el.parentElement ? `${name(el.parentElement)} > ` : ""}${name(el)}${text && ` “${text}”`}`;
  };
  const box = ({ x, y, width, height }) => `${[x, y].map(Math.round)} ${Math.round(width)}×${Math.round(height)}`;
  const tell = (entries) => {
    for (const { value, hadRecentInput, startTime, sources } of entries) {
      if (hadRecentInput || value === 0 || (startTime > pressed && startTime - pressed < ANSWERED_MS)) continue;
      const moved = sources.map(({ node, previousRect, currentRect }) => `${where(node)}: ${box(previousRect)} → ${box(currentRect)}`);
      window.__jumped({ load: performance.timeOrigin, value, at: Math.round(startTime), address: location.href, moved });
    }
  };
  const observer = new PerformanceObserver((list) => tell(list.getEntries()));
  observer.observe({ type: "layout-shift", buffered: true });
  window.__jumps = () => tell(observer.takeRecords());
})();
