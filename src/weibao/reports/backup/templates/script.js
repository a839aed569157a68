(function () {
  "use strict";
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open])").forEach(function (d) {
      d.open = true; d.dataset.printed = "";
    });
  });
  addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-printed]").forEach(function (d) {
      d.open = false; delete d.dataset.printed;
    });
  });
  var bar = document.querySelector(".filter");
  if (!bar) return;
  var rows = Array.prototype.slice.call(document.querySelectorAll("table.devices tbody tr"));
  var texts = rows.map(function (row) { return row.textContent.toLowerCase(); });
  var input = bar.querySelector("input"), output = bar.querySelector("output");
  var buttons = bar.querySelectorAll("button"), chosen = "", waiting = 0;
  function apply() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, i) {
      var fits = (!chosen || row.className === chosen) &&
        words.every(function (word) { return texts[i].indexOf(word) >= 0; });
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    output.textContent = bar.dataset.shown.replace("{shown}", shown).replace("{total}", rows.length);
  }
  input.addEventListener("input", function () {
    clearTimeout(waiting); waiting = setTimeout(apply, rows.length > 1000 ? 150 : 0);
  });
  buttons.forEach(function (button) {
    button.addEventListener("click", function () {
      chosen = button.dataset.o;
      buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b === button)); });
      apply();
    });
  });
  addEventListener("hashchange", function () {
    var row = document.getElementById(location.hash.slice(1));
    if (row && row.hidden) { input.value = ""; buttons[0].click(); row.scrollIntoView(); }
  });
  bar.hidden = false;
  apply();
})();
