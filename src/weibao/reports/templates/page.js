// What every page does: all is open on paper, and its list of devices can be searched.
// The list is what the filter bar names (data-rows); a row's outcomes are its data-o, or its class.
(function () {
  "use strict";
  addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not([open]):not(.keep)").forEach(function (d) {
      d.open = true; d.dataset.printed = "";
    });
  });
  addEventListener("afterprint", function () {
    document.querySelectorAll("details[data-printed]").forEach(function (d) {
      d.open = false; delete d.dataset.printed;
    });
  });
  function opened() {
    var at = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (at && at.tagName === "DETAILS") { at.open = true; at.scrollIntoView(); }
    return at;
  }
  var bar = document.querySelector(".filter");
  if (!bar) { addEventListener("hashchange", opened); opened(); return; }
  var rows = Array.prototype.slice.call(document.querySelectorAll(bar.dataset.rows));
  var texts = rows.map(function (row) {
    return (row.querySelector("summary") || row).textContent.toLowerCase();
  });
  var outcomes = rows.map(function (row) { return (row.dataset.o || row.className).split(" "); });
  var input = bar.querySelector("input"), output = bar.querySelector("output");
  var buttons = bar.querySelectorAll("button[data-o]"), chosen = "", waiting = 0;
  function apply() {
    var words = input.value.toLowerCase().split(/\s+/).filter(Boolean), shown = 0;
    rows.forEach(function (row, i) {
      var fits = (!chosen || outcomes[i].indexOf(chosen) >= 0) &&
        words.every(function (word) { return texts[i].indexOf(word) >= 0; });
      row.hidden = !fits;
      if (fits) shown += 1;
    });
    output.textContent = bar.dataset.shown.replace("{shown}", shown).replace("{total}", rows.length);
  }
  input.addEventListener("input", function () {
    clearTimeout(waiting); waiting = setTimeout(apply, rows.length > 300 ? 150 : 0);
  });
  buttons.forEach(function (button) {
    button.addEventListener("click", function () {
      chosen = button.dataset.o;
      buttons.forEach(function (b) { b.setAttribute("aria-pressed", String(b === button)); });
      apply();
    });
  });
  addEventListener("hashchange", function () {
    var at = opened();
    if (at && at.hidden) { input.value = ""; buttons[0].click(); at.scrollIntoView(); }
  });
  bar.hidden = false;
  apply();
  opened();
})();
