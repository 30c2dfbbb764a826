(() => {
  "use strict";
  const page = document.documentElement;
  const panel = document.getElementById("panel");
  const shelf = panel.querySelector(".shelf");
  page.classList.add("js");

  // Offsets are code points, as the server counts them; a JavaScript string counts UTF-16 units.
  const marked = (text, spans) => {
    const points = Array.from(text);
    const out = document.createDocumentFragment();
    let at = 0;
    for (const [start, end] of spans) {
      out.append(points.slice(at, start).join(""));
      const mark = document.createElement("mark");
      mark.textContent = points.slice(start, end).join("");
      out.append(mark);
      at = end;
    }
    out.append(points.slice(at).join(""));
    return out;
  };

  const open = (link, card) => {
    const copy = card.cloneNode(true);
    copy.removeAttribute("id");
    const text = copy.querySelector(".text");
    const spans = link.dataset.spans.split(" ").filter(Boolean).map((span) => span.split("-").map(Number));
    text.replaceChildren(marked(text.textContent, spans));
    shelf.replaceChildren(copy);
    panel.showModal();
    const first = shelf.querySelector("mark");
    if (first) first.scrollIntoView({ block: "start" });
    else shelf.scrollTop = 0;
  };

  document.addEventListener("click", (event) => {
    if (event.target === panel) return panel.close();
    const link = event.target.closest("a[data-spans]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return undefined;
    const card = document.getElementById(link.hash.slice(1));
    if (!card) return undefined;
    event.preventDefault();
    return open(link, card);
  });

  const list = document.getElementById("restaurants");
  const filter = document.getElementById("filter");
  if (list && filter) {
    const rows = Array.from(list.tBodies[0].rows);
    const count = document.getElementById("shown");
    const plain = (text) => text.normalize("NFC").toLowerCase();
    filter.addEventListener("input", () => {
      const wanted = plain(filter.value.trim());
      for (const row of rows) row.hidden = !plain(row.dataset.find).includes(wanted);
      const shown = rows.filter((row) => !row.hidden).length;
      count.textContent = wanted ? count.dataset.say.replace("#", shown) : "";
    });
    for (const button of list.tHead.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        const head = button.closest("th");
        const key = button.dataset.key;
        const words = key === "name";
        const down = head.ariaSort ? head.ariaSort === "ascending" : !words;
        for (const other of list.tHead.querySelectorAll("th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const order = (a, b) =>
          words ? a.dataset.name.localeCompare(b.dataset.name, page.lang) : a.dataset[key] - b.dataset[key];
        rows.sort((a, b) => (down ? order(b, a) : order(a, b)));
        list.tBodies[0].append(...rows);
      });
    }
  }

  let closed = [];
  addEventListener("beforeprint", () => {
    closed = Array.from(document.querySelectorAll("details:not([open])"));
    for (const each of closed) each.open = true;
  });
  addEventListener("afterprint", () => {
    for (const each of closed) each.open = false;
  });
})();
