// Every table with class "sortable" gets buttons in its heads: ascending, descending, as it was.
"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const body = table.tBodies[0];
  const original = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => {
    if (head.dataset.kind === "plot") return;
    const button = document.createElement("button");
    button.type = "button";
    button.title = "Sort by this column";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const now = head.getAttribute("aria-sort");
      const next = now === null ? "ascending" : now === "ascending" ? "descending" : null;
      heads.forEach((other) => other.removeAttribute("aria-sort"));
      if (next !== null) head.setAttribute("aria-sort", next);
      const sign = next === "descending" ? -1 : 1;
      const numeric = head.dataset.kind === "number";
      const key = (row) => row.cells[column].dataset.sort ?? "";
      const compare = (a, b) => {
        const [x, y] = [key(a), key(b)];
        if (x === "" || y === "") return (x === "") - (y === "");
        return sign * (numeric ? x - y : x.localeCompare(y, "en", { numeric: true }));
      };
      body.append(...(next === null ? original : [...original].sort(compare)));
    });
  });
}
