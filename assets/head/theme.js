/* Before the first paint: the theme chosen here before, otherwise what the system prefers. */
(function () {
  var stored = null;
  try { stored = localStorage.getItem("hb-theme"); } catch (refused) { /* storage may be off: the system decides */ }
  var dark = stored ? stored === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.setAttribute("data-bs-theme", dark ? "dark" : "light");
})();
