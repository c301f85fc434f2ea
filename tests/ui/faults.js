// What a reader stumbles over: text that is cut and nowhere told in full, and things that lie over one another.
// Run in a page; gives {cut: [...], over: [...]}, each fault as one line.
() => {
  const SLACK = 1; // px
  const MOST = 8; // faults that are told of each kind
  const SCREENS = 6; // windows full that are looked at for things over one another
  const CONTROLS =
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link]," +
    " [role=checkbox], [role=option], [role=tab], [role=slider], [contenteditable=true]";

  const styles = new Map();
  const style = (el) => {
    let found = styles.get(el);
    if (found === undefined) styles.set(el, (found = getComputedStyle(el)));
    return found;
  };
  const seen = new Map();
  const visible = (el) => {
    let found = seen.get(el);
    if (found === undefined) {
      found = el.checkVisibility({ opacityProperty: true, visibilityProperty: true, contentVisibilityAuto: true });
      for (let up = el; found && up; up = up.parentElement) if (style(up).clipPath !== "none") found = false;
      seen.set(el, found);
    }
    return found;
  };
  const squash = (text) => text.replace(/\s+/g, " ").trim();
  const short = (text) => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
  const path = (el) => {
    const parts = [];
    for (let up = el; up && up !== document.body && parts.length < 4; up = up.parentElement) {
      const name = up.getAttribute("aria-label") ?? up.id;
      const classes = [...up.classList].map((one) => `.${one}`).join("");
      parts.unshift(up.localName + classes + (name ? `[${short(name)}]` : ""));
    }
    return parts.join(" > ");
  };
  const px = (rect) => `${Math.round(rect.left)},${Math.round(rect.top)} ${size(rect)}`;
  const size = (rect) => `${Math.round(rect.right - rect.left)}×${Math.round(rect.bottom - rect.top)}`;
  const isEmpty = (rect) => rect.right - rect.left < 2 || rect.bottom - rect.top < 2;

  // A modal dialog is all that can be used while it is open.
  const modals = [...document.querySelectorAll("dialog:modal")];
  const root = modals.findLast((one) => !one.querySelector("dialog:modal")) ?? document.body;

  // What an element is laid out in, and so clipped by.
  const holder = (el) => {
    const { position } = style(el);
    if (position === "fixed" || el === root) return null;
    let up = el.parentElement;
    if (position === "absolute")
      while (up && style(up).position === "static" && style(up).transform === "none" && !/paint|strict|content|layout/.test(style(up).contain))
        up = up.parentElement;
    return up === document.documentElement || up === document.body ? null : up;
  };
  let frames = new Map();
  const frame = (el) => {
    let found = frames.get(el);
    if (found === undefined) {
      const { overflowX, overflowY, display } = style(el);
      const clips = display !== "inline" && display !== "contents" && (overflowX !== "visible" || overflowY !== "visible");
      if (clips) {
        const box = el.getBoundingClientRect();
        const [left, top] = [box.left + el.clientLeft, box.top + el.clientTop];
        found = { x: overflowX, y: overflowY, left, top, right: left + el.clientWidth, bottom: top + el.clientHeight };
        if (el instanceof SVGElement) Object.assign(found, { left: box.left, top: box.top, right: box.right, bottom: box.bottom });
      } else found = null;
      frames.set(el, found);
    }
    return found;
  };
  const isFixed = (kind) => kind === "hidden" || kind === "clip";
  // What of a rectangle in an element is seen; and which box cuts it, if one does that cannot be scrolled.
  const clipped = (given, from) => {
    const rect = { left: given.left, top: given.top, right: given.right, bottom: given.bottom };
    const third = (given.bottom - given.top) / 3;
    let cutBy;
    for (let up = from; up; up = holder(up)) {
      const box = frame(up);
      if (!box) continue;
      if (isEmpty(box)) return { rect: box, cutBy: undefined }; // hidden on purpose
      if (isFixed(box.x) && (rect.left < box.left - SLACK || rect.right > box.right + SLACK)) cutBy ??= up;
      if (isFixed(box.y) && (rect.top < box.top - third || rect.bottom > box.bottom + third)) cutBy ??= up;
      if (box.x !== "visible") [rect.left, rect.right] = [Math.max(rect.left, box.left), Math.min(rect.right, box.right)];
      if (box.y !== "visible") [rect.top, rect.bottom] = [Math.max(rect.top, box.top), Math.min(rect.bottom, box.bottom)];
      if (cutBy === undefined && isEmpty(rect)) break; // scrolled out of sight
    }
    return { rect, cutBy };
  };

  const texts = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const el = node.parentElement;
    if (!/\S/.test(node.data) || /^(script|style|option|textarea|title)$/.test(el.localName) || !visible(el)) continue;
    const range = document.createRange();
    range.setStart(node, node.data.search(/\S/));
    range.setEnd(node, node.data.trimEnd().length);
    texts.push({ el, range, text: squash(node.data) });
  }
  const rects = (range) => [...range.getClientRects()].slice(0, 300);

  // 1. Text that is cut.
  const cut = [];
  const isTold = (el, text) => {
    const told = el.closest("[title]");
    return told !== null && (told.localName === "time" || squash(told.title).includes(text));
  };
  const showsMore = (box) =>
    [...(box.parentElement?.querySelectorAll("button, summary, a[href]") ?? [])].some(
      (one) => visible(one) && !box.contains(one) && /^show (more|all|the)\b/i.test(squash(one.textContent)),
    ) || (box.id !== "" && document.querySelector(`[aria-controls~="${CSS.escape(box.id)}"][aria-expanded=false]`) !== null);
  for (const { el, range, text } of texts) {
    if (cut.length >= MOST) break;
    for (const given of rects(range)) {
      const { cutBy } = clipped(given, el);
      if (cutBy === undefined) continue;
      if (!isTold(el, text) && !showsMore(cutBy))
        cut.push(`“${short(text)}” (${size(given)}) is cut by ${path(cutBy)} (${size(frame(cutBy))}), without a title`);
      break;
    }
  }
  const pen = document.createElement("canvas").getContext("2d");
  const room = (el, arrow) => {
    const { paddingLeft, paddingRight, font } = style(el);
    pen.font = font;
    return el.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - arrow;
  };
  for (const el of root.querySelectorAll("select:not([multiple]), input[placeholder], textarea[placeholder]")) {
    if (cut.length >= MOST || !visible(el)) continue;
    const isSelect = el.localName === "select";
    if (!isSelect && (el.value !== "" || el.localName === "textarea")) continue;
    const text = squash(isSelect ? (el.selectedOptions[0]?.label ?? "") : el.placeholder);
    const has = room(el, isSelect ? 16 : 0);
    const needs = pen.measureText(text).width;
    if (needs > has + SLACK && !isTold(el, text))
      cut.push(`“${short(text)}” (${Math.round(needs)} px) is cut by ${path(el)} (${Math.round(has)} px), without a title`);
  }

  // 2. Things over one another, a window full at a time.
  const over = [];
  const related = (one, other) => one.contains(other) || other.contains(one);
  const transparent = (colour) => colour === "transparent" || /, 0\)$|\/ 0\)$/.test(colour);
  const paints = (el) =>
    /^(img|canvas|video|picture|input|select|textarea|progress|meter)$/.test(el.localName) ||
    !transparent(style(el).backgroundColor) ||
    style(el).backgroundImage !== "none";
  const isScrolled = (sticky) => {
    const { top, bottom, left, right } = style(sticky);
    for (let up = sticky.parentElement; up; up = up.parentElement) {
      const [down, across] = [up.scrollTop, Math.abs(up.scrollLeft)];
      if (top !== "auto" && down > 0) return true;
      if (bottom !== "auto" && down + up.clientHeight < up.scrollHeight - 1) return true;
      if (left !== "auto" && across > 0) return true;
      if (right !== "auto" && across + up.clientWidth < up.scrollWidth - 1) return true;
    }
    return false;
  };
  // Whether something is meant to be over what is beneath: an open menu, what sticks while the rest is scrolled.
  const isMeant = (el, beneath) => {
    for (let up = el; up && !up.contains(beneath); up = up.parentElement) {
      const { position } = style(up);
      if (position === "sticky" && isScrolled(up)) return true;
      if (up.matches("dialog[open], :popover-open, [role=listbox], [role=menu], [role=tooltip]")) return true;
      if (position === "absolute" && up.parentElement?.matches("details[open]")) return true;
      if (position === "fixed" && up.matches("[role=status]")) return true;
      if (up.matches("a[href^='#']:focus")) return true;
    }
    return false;
  };
  // What paints over an element at a point and is not meant to.
  const coverer = (el, x, y) => {
    const top = document.elementFromPoint(x, y);
    if (!top || related(top, el)) return undefined;
    for (const one of document.elementsFromPoint(x, y)) {
      if (related(one, el)) return undefined;
      if (paints(one) && visible(one)) return isMeant(one, el) ? undefined : one;
    }
    return undefined;
  };
  // Whether two things that meet at a point are both meant to: the upper one hides the lower, and may.
  const isHidden = (a, b, x, y) => {
    for (const one of document.elementsFromPoint(x, y)) {
      const [inA, inB] = [a.contains(one) || one.contains(a), b.contains(one) || one.contains(b)];
      if (inA && inB) return false;
      if (paints(one) && visible(one)) return isMeant(one, inA ? b : inB ? a : a) || (!inA && !inB && isMeant(one, b));
    }
    return false;
  };
  const inView = (rect) => ({
    left: Math.max(rect.left, 0),
    top: Math.max(rect.top, 0),
    right: Math.min(rect.right, innerWidth),
    bottom: Math.min(rect.bottom, innerHeight),
  });
  const lookHere = () => {
    frames = new Map();
    const things = [];
    const near = (el) => {
      const box = el.getBoundingClientRect();
      return box.bottom > 0 && box.top < innerHeight;
    };
    for (const { el, range, text } of texts) {
      if (!near(el)) continue;
      for (const given of rects(range)) {
        const rect = inView(clipped(given, el).rect);
        if (isEmpty(rect)) continue;
        const rim = (rect.bottom - rect.top) * 0.15;
        things.push({ el, text, whole: rect, left: rect.left + 1, right: rect.right - 1, top: rect.top + rim, bottom: rect.bottom - rim });
      }
    }
    for (const el of root.querySelectorAll(CONTROLS)) {
      if (!visible(el) || !near(el)) continue;
      const isInline = style(el).display === "inline";
      for (const given of el.getClientRects()) {
        const rect = inView(clipped(given, holder(el)).rect);
        if (isEmpty(rect)) continue;
        const rim = isInline ? (rect.bottom - rect.top) * 0.15 : 1;
        things.push({ el, text: "", whole: rect, left: rect.left + 1, right: rect.right - 1, top: rect.top + rim, bottom: rect.bottom - rim });
      }
    }
    const told = (one) => `${one.text ? `“${short(one.text)}” in ` : ""}${path(one.el)} (${px(one.whole)})`;
    const say = (line) => {
      if (over.length < MOST && !over.includes(line)) over.push(line);
    };
    for (const one of things) {
      const y = (one.top + one.bottom) / 2;
      const wide = one.right - one.left;
      const at = wide < 40 ? [one.left + wide / 2] : [one.left + 3, one.left + wide / 2, one.right - 3];
      for (const x of at) {
        const found = coverer(one.el, x, y);
        if (!found) continue;
        say(`${told(one)} is covered by ${path(found)} (${px(found.getBoundingClientRect())})`);
        break;
      }
    }
    things.sort((a, b) => a.top - b.top);
    let open = [];
    for (const one of things) {
      open = open.filter((other) => other.bottom > one.top);
      for (const other of open) {
        if (other.right <= one.left || other.left >= one.right || related(one.el, other.el)) continue;
        const x = (Math.max(one.left, other.left) + Math.min(one.right, other.right)) / 2;
        const y = (Math.max(one.top, other.top) + Math.min(one.bottom, other.bottom)) / 2;
        if (!isHidden(one.el, other.el, x, y)) say(`${told(one)} and ${told(other)} lie over one another`);
      }
      open.push(one);
    }
  };
  const main = document.querySelector("main");
  const scrolls = main && main.scrollHeight > main.clientHeight && style(main).overflowY !== "visible";
  const scroller = root !== document.body ? root : scrolls ? main : document.scrollingElement;
  const [was, step] = [scroller.scrollTop, Math.max(scroller.clientHeight - 40, 100)];
  lookHere();
  for (let screen = 0, at = 0; screen < SCREENS && over.length < MOST; screen += 1, at += step) {
    if (at >= scroller.scrollHeight - scroller.clientHeight + step) break;
    scroller.scrollTop = at;
    if (scroller.scrollTop !== was) lookHere();
  }
  scroller.scrollTop = was;
  return { cut, over };
}
