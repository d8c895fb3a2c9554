/* What the browser does by itself: the address of the filters, menus, sheets and dialogs, keys, theme, and the wait for
   new numbers. Everything listens on the document, because Dash replaces parts of the page at any time. */
(function () {
  "use strict";

  var SLOW_MS = 200, POLL_MS = 15000, ANNOUNCE_MS = 60000, CHORD_MS = 1500, NARROW = "(max-width: 640px)", DEFAULT_PERIOD = "12m", PAPER_PX = 660,
    FILTERS = ["period", "department", "job_family", "seniority", "geography", "source"], lastFilters = "";

  function byId(id) { return document.getElementById(id); }
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function keep(name, value) { try { localStorage.setItem(name, value); } catch (refused) { /* not kept, still works */ } }
  function kept(name) { try { return localStorage.getItem(name); } catch (refused) { return null; } }
  function on(type, selector, act) {
    document.addEventListener(type, function (event) {
      var hit = event.target.closest ? event.target.closest(selector) : null;
      if (hit) act(hit, event);
    });
  }

  /* ---- one polite voice ---- */
  var lastSaid = 0;
  function say(words, urgent) {
    var live = byId("live"), now = Date.now();
    if (!live || (!urgent && now - lastSaid < ANNOUNCE_MS)) return;
    lastSaid = now;
    live.textContent = words;
  }

  /* ---- address: dcc.Location listens for this event ---- */
  function go(search) {
    if (search === location.search) return;
    history.pushState({}, "", location.pathname + search);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
  }

  function barSearch(bar) {
    var pairs = new URLSearchParams();
    all("input[name]", bar).forEach(function (input) {
      var counts = input.type === "text" ? input.value.trim() : input.checked && input.value;
      if (counts && !(input.name === "period" && input.value === DEFAULT_PERIOD)) pairs.append(input.name, input.value.trim());
    });
    return asSearch(withOthers(bar, pairs));
  }
  function asSearch(pairs) { var text = pairs.toString(); return text ? "?" + text : ""; }
  /* What the page itself keeps in the address stays when a filter changes; only the place in a long list does not. */
  function withOthers(bar, pairs) {
    var named = all("input[name]", bar).map(function (input) { return input.name; });
    new URLSearchParams(location.search).forEach(function (value, name) {
      if (name !== "page" && FILTERS.indexOf(name) < 0 && named.indexOf(name) < 0) pairs.append(name, value);
    });
    return pairs;
  }
  function filtersOf(search) {
    var pairs = new URLSearchParams();
    new URLSearchParams(search).forEach(function (value, name) { if (FILTERS.indexOf(name) >= 0) pairs.append(name, value); });
    return asSearch(pairs);
  }
  /* Filters survive a change of page: links to pages that follow them carry those that were set last. */
  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest("a.hb-filtered") : null;
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    var here = document.querySelector("a.hb-nav-i.hb-filtered[aria-current]");
    var search = here ? filtersOf(location.search) : lastFilters;
    if (here) lastFilters = search;
    if (!search) return;
    event.preventDefault();
    event.stopPropagation();
    closeSheet();
    history.pushState({}, "", link.getAttribute("href") + search);
    window.dispatchEvent(new CustomEvent("_dashprivate_pushstate"));
    window.scrollTo(0, 0);
  }, true);

  on("change", ".hb-filters input[type=checkbox], .hb-filters input[type=radio]", function (input) {
    // After Dash has handled the same event, so that its state and the address agree.
    setTimeout(function () { go(barSearch(input.closest(".hb-filters"))); }, 0);
  });

  on("change", ".hb-filters .hb-archive-search input", function (input) {
    setTimeout(function () { go(barSearch(input.closest(".hb-filters"))); }, 0);
  });

  /* Settings of a list beside its filters: search, state, order, place. Any of them but the place begins at the top. */
  function goWith(changes) {
    var pairs = new URLSearchParams(location.search);
    pairs.delete("page");
    new URLSearchParams(changes).forEach(function (value, name) { if (value) pairs.set(name, value); else pairs.delete(name); });
    go(asSearch(pairs));
  }
  on("click", "[data-set]", function (control) { goWith(control.getAttribute("data-set")); });
  on("change", ".hb-settings input, .hb-settings select", function (input) {
    setTimeout(function () { goWith(new URLSearchParams([[input.name, input.value.trim()]])); }, 0);
  });

  on("click", "[data-clear]", function (control) {
    var name = control.getAttribute("data-clear");
    if (name === "all") { go(""); return; }
    var pairs = new URLSearchParams(location.search);
    pairs.delete(name);
    var text = pairs.toString();
    go(text ? "?" + text : "");
    focusSoon('summary[data-filter="' + name + '"]');
  });

  function focusSoon(selector) {
    setTimeout(function () { var target = document.querySelector(selector); if (target) target.focus(); }, 60);
  }

  document.addEventListener("input", function (event) {
    var box = event.target.closest(".hb-option-search");
    if (box) narrow(all(".form-check", box.parentNode), event.target.value);
    if (event.target.id === "jump-field") narrow(all("#jump li"), event.target.value);
  });
  function narrow(items, typed) {
    var wanted = typed.trim().toLowerCase();
    items.forEach(function (item) { item.hidden = item.textContent.toLowerCase().indexOf(wanted) < 0; });
  }

  /* ---- details that behave as menus: one open at a time, closed by Esc or a click beside, focus goes back ---- */
  var MENUS = "details.hb-fl-d[open], details.hb-account[open]";
  document.addEventListener("click", function (event) {
    all(MENUS).forEach(function (menu) { if (!menu.contains(event.target)) menu.open = false; });
  });
  function closeDetails() {
    var open = all(MENUS)[0];
    if (!open) return false;
    open.open = false;
    open.querySelector("summary").focus();
    return true;
  }

  /* Dash draws the bar anew after each choice: what was open stays open, and the focus stays where it was. */
  var openFilter = null, focusedFilter = null;
  document.addEventListener("toggle", function (event) {
    if (!event.target.matches || !event.target.matches(".hb-fl-d")) return;
    var name = event.target.querySelector("summary").getAttribute("data-filter");
    if (event.target.open) openFilter = name; else if (openFilter === name) openFilter = null;
  }, true);
  document.addEventListener("focusin", function (event) {
    var inBar = event.target.closest(".hb-filters");
    focusedFilter = !inBar ? null : event.target.id ? "#" + CSS.escape(event.target.id) :
      event.target.tagName === "SUMMARY" ? 'summary[data-filter="' + event.target.getAttribute("data-filter") + '"]' : null;
  });
  function keepBar() {
    var bar = document.querySelector(".hb-filters");
    if (!bar || bar === keptBar) return;
    keptBar = bar;
    if (sheet && !sheet.isConnected) openSheet(sheet.id, document.querySelector('[data-sheet="' + sheet.id + '"]'), true);
    var summary = openFilter && bar.querySelector('summary[data-filter="' + openFilter + '"]');
    if (summary) summary.parentNode.open = true;
    var focused = focusedFilter && document.activeElement === document.body && bar.querySelector(focusedFilter);
    if (focused) focused.focus();
  }
  var keptBar = null;

  /* ---- sheets: the side bar below 1024, the filters below 640 ---- */
  var sheet = null, sheetOpener = null;
  function openSheet(id, opener, isAgain) {
    if (!isAgain) closeSheet();
    sheet = byId(id); sheetOpener = opener;
    if (!sheet) return;
    sheet.classList.add("hb-open");
    sheet.setAttribute("role", "dialog");
    sheet.setAttribute("aria-modal", "true");
    if (!sheet.hasAttribute("aria-label")) sheet.setAttribute("aria-label", sheet.getAttribute("data-sheet-label"));
    document.body.classList.add("hb-sheet-open");
    var first = tabStops(sheet)[0];
    if (first && !isAgain) first.focus();
  }
  function closeSheet() {
    if (!sheet) return false;
    sheet.classList.remove("hb-open");
    sheet.removeAttribute("role");
    sheet.removeAttribute("aria-modal");
    document.body.classList.remove("hb-sheet-open");
    sheet = null;
    if (sheetOpener && sheetOpener.isConnected) sheetOpener.focus();
    return true;
  }
  function tabStops(within) {
    return all("a[href], button:not([disabled]), summary, input, [tabindex='0']", within)
      .filter(function (element) { return element.offsetParent !== null; });
  }
  on("click", "[data-sheet]", function (control) { openSheet(control.getAttribute("data-sheet"), control); });
  on("click", "[data-close]", function () { closeSheet(); });
  document.addEventListener("click", function (event) {
    if (sheet && !sheet.contains(event.target) && !event.target.closest("[data-sheet]")) closeSheet();
  });
  on("click", ".hb-side a", function () { closeSheet(); });

  /* ---- dialogs ---- */
  on("click", "[data-dialog]", function (control) {
    closeDetails();
    openDialog(control.getAttribute("data-dialog"));
  });
  on("click", "[data-dialog-close]", function (control) { byId(control.getAttribute("data-dialog-close")).close(); });
  on("click", "dialog", function (dialog, event) { if (event.target === dialog) dialog.close(); });
  on("click", "dialog a[href]", function (link) { link.closest("dialog").close(); });
  function openDialog(id) {
    var dialog = byId(id);
    if (!dialog || dialog.open) return;
    var field = dialog.querySelector("#jump-field");
    if (field) { field.value = ""; narrow(all("li", dialog), ""); }
    dialog.showModal();
    if (field) field.focus();
  }
  function closeDialog() {
    var dialog = document.querySelector("dialog[open]");
    if (dialog) dialog.close();
    return Boolean(dialog);
  }
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.target.id !== "jump-field") return;
    var first = all("#jump li").filter(function (item) { return !item.hidden; })[0];
    if (first) first.querySelector("a").click();
  });

  /* ---- the one menu of the figures ---- */
  var menuOpener = null;
  function openMenu(opener) {
    var menu = byId("tile-menu"), box = opener.getBoundingClientRect();
    closeMenu();
    menuOpener = opener;
    menu.hidden = false;
    var left = Math.min(Math.max(8, box.right - menu.offsetWidth), innerWidth - menu.offsetWidth - 8);
    menu.style.left = left + "px";
    menu.style.top = Math.max(8, Math.min(box.bottom + 4, innerHeight - menu.offsetHeight - 8)) + "px";
    opener.setAttribute("aria-expanded", "true");
    menu.setAttribute("aria-label", opener.getAttribute("aria-label"));
    menu.querySelector("[role=menuitem]").focus();
  }
  function closeMenu(giveBack) {
    var menu = byId("tile-menu");
    if (!menu || menu.hidden) return false;
    menu.hidden = true;
    if (menuOpener) {
      menuOpener.setAttribute("aria-expanded", "false");
      if (giveBack && menuOpener.isConnected) menuOpener.focus();
    }
    return true;
  }
  window.addEventListener("scroll", function () { closeMenu(false); }, { passive: true });
  on("click", "[data-menu]", function (opener) {
    if (opener.getAttribute("aria-expanded") === "true") closeMenu(true); else openMenu(opener);
  });
  document.addEventListener("click", function (event) {
    if (!event.target.closest("#tile-menu, [data-menu]")) closeMenu(false);
  });
  function menuKeys(event) {
    var items = all("#tile-menu [role=menuitem]"), at = items.indexOf(document.activeElement), to = null;
    if (event.key === "ArrowDown") to = (at + 1) % items.length;
    if (event.key === "ArrowUp") to = (at - 1 + items.length) % items.length;
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = items.length - 1;
    if (to !== null) { items[to].focus(); event.preventDefault(); return true; }
    if (event.key === "Tab") { closeMenu(true); return true; }
    var named = items.filter(function (item) { return item.getAttribute("data-key") === event.key.toLowerCase(); })[0];
    if (named && !event.ctrlKey && !event.metaKey) { named.click(); event.preventDefault(); return true; }
    return false;
  }

  /* ---- the panel: a definition or a table drawn from the data that the page brought along ---- */
  on("click", "[data-show]", function (control) {
    var inMenu = control.closest("#tile-menu");
    var figure = inMenu ? menuOpener.getAttribute("data-menu") : control.getAttribute("data-of");
    if (inMenu) closeMenu(true);
    showPanel(control.getAttribute("data-show"), figure);
  });
  function showPanel(part, figure) {
    var data = byId("panel-data"), section = data && JSON.parse(data.getAttribute("data-sections"))[part + " " + figure];
    if (!section) { say("There is nothing to show here.", true); return; }
    byId("panel-title").textContent = section.title;
    byId("panel-body").replaceChildren(section.pairs ? pairsOf(section) : section.rows ? tableOf(section) : make("p", section.words));
    if (section.href) {
      var more = make("p", "");
      more.append(make("a", "All about this metric", { href: section.href }));
      byId("panel-body").append(more);
    }
    if (!byId("panel").open) byId("panel").showModal();
  }
  function make(tag, text, attributes) {
    var element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    Object.keys(attributes || {}).forEach(function (name) { element.setAttribute(name, attributes[name]); });
    return element;
  }
  function pairsOf(section) {
    var list = make("dl", undefined, { "class": "hb-dl" });
    section.pairs.forEach(function (pair) { list.append(make("dt", pair[0]), make("dd", pair[1])); });
    return list;
  }
  function tableOf(section) {
    var table = make("table", undefined, { "class": "hb-tbl hb-tight" }), head = make("tr"), body = make("tbody");
    section.head.forEach(function (name, at) { head.append(make("th", name, at ? { scope: "col", "class": "hb-n" } : { scope: "col" })); });
    section.rows.forEach(function (cells) {
      var row = make("tr");
      cells.forEach(function (cell, at) {
        var isWords = at && /[a-z]{2}/.test(cell) && !/^[\d+−±]/.test(cell);
        row.append(at ? make("td", cell, { "class": isWords ? "hb-words" : "hb-n" }) : make("th", cell, { scope: "row" }));
      });
      body.append(row);
    });
    var heads = make("thead");
    heads.append(head);
    table.append(make("caption", section.title, { "class": "visually-hidden" }), heads, body);
    return table;
  }

  /* ---- what the server has to say of a figure ---- */
  on("click", "[data-ask]", function (control) { ask(control.getAttribute("data-ask"), figureOf(control)); });
  on("click", "[data-export]", function (control) {
    var figure = figureOf(control);
    location.assign("/metrics/" + encodeURIComponent(figure) + "/export" + filtersOf(location.search));
    say("The export is on its way.", true);
  });
  on("click", "[data-problem]", function (control) {
    var figure = figureOf(control), tile = document.querySelector('[data-metric="' + CSS.escape(figure) + '"] .hb-tile-v b');
    problemForm(figure, tile ? tile.textContent : "");
  });
  function figureOf(control) {
    var inMenu = control.closest("#tile-menu"), figure = inMenu ? menuOpener.getAttribute("data-menu") : control.getAttribute("data-of");
    if (inMenu) closeMenu(true);
    return figure;
  }
  function fillPanel(title, parts) {
    byId("panel-title").textContent = title;
    byId("panel-body").replaceChildren.apply(byId("panel-body"), parts);
    if (!byId("panel").open) byId("panel").showModal();
  }
  async function ask(part, figure) {
    fillPanel("One moment", [make("p", "Being worked out.", { role: "status" })]);
    var told = await askServer("/metrics/" + encodeURIComponent(figure) + "/" + part + filtersOf(location.search));
    if (!byId("panel").open) return;
    if (told.failed) { fillPanel("This could not be shown", [make("p", told.failed, { role: "alert" })]); return; }
    fillPanel(told.title, told.sections.map(sectionOf));
  }
  async function askServer(address, body) {
    var options = { credentials: "same-origin", cache: "no-store", headers: { "Accept": "application/json" } };
    if (body !== undefined) {
      options.method = "POST";
      options.body = JSON.stringify(body);
      options.headers["Content-Type"] = "application/json";
      options.headers["X-CSRFToken"] = cookie("_csrf_token");
    }
    var answer, told = {};
    try { answer = await send.call(window, address, options); } catch (away) { return { failed: "The server did not answer. Wait a moment and try again." }; }
    if (answer.status === 401) { signIn(); return { failed: "You are signed out." }; }
    try { told = await answer.json(); } catch (unreadable) { /* no words came: ours have to do */ }
    if (answer.ok) return told;
    var error = told.error || told;
    return { failed: error.message || error.detail || "Try again in a moment." };
  }
  function sectionOf(section) {
    var part = make("section");
    part.append(make("h3", section.title));
    section.words.forEach(function (words) { part.append(make("p", words)); });
    if (section.pairs.length) part.append(pairsOf(section));
    if (section.rows.length) {
      var box = make("div", undefined, { "class": "hb-tbl-w" });
      box.append(tableOf({ title: section.title, head: section.head, rows: section.rows.map(function (row) { return row.cells; }) }));
      part.append(box);
    }
    return part;
  }
  function problemForm(figure, shown) {
    var form = make("form", undefined, { "class": "hb-form" }), field = make("textarea", undefined, { id: "problem-words", rows: 5, maxlength: 2000, required: "", "class": "hb-inp hb-area" });
    var status = make("p", undefined, { role: "status" });
    form.append(make("p", "Your words are kept with the metric, its version, the filters and the batch, so that the same view opens again."),
      make("label", "What is wrong with it", { "for": "problem-words" }), field, make("button", "Send the report", { type: "submit", "class": "hb-btn hb-primary" }), status);
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      var told = await askServer("/metrics/" + encodeURIComponent(figure) + "/problem", { path: location.pathname, search: location.search, shown: shown, words: field.value });
      if (told.failed) { status.textContent = told.failed; return; }
      form.replaceChildren(make("p", told.message, { role: "status" }), make("a", "Reported problems", { href: "/problems" }));
    });
    fillPanel("Report a problem", [form]);
    field.focus();
  }
  on("click", "[data-answer]", async function (control) {
    var id = control.getAttribute("data-answer"), field = byId("answer-" + id);
    var told = await askServer("/problems/" + encodeURIComponent(id) + "/answer", { words: field.value });
    if (told.failed) { say(told.failed, true); fail("The answer was not kept.", told.failed); return; }
    location.reload();
  });

  /* ---- forms: named fields as JSON, the answer's words beside them ---- */
  on("click", "[data-send]", function (control) { sendForm(control.closest("[data-post]"), control); });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Enter" || event.target.tagName !== "INPUT" || event.target.type === "checkbox") return;
    var box = event.target.closest("[data-post]");
    if (box) { event.preventDefault(); sendForm(box, box.querySelector("[data-send]")); }
  });
  async function sendForm(box, control) {
    var body = {}, said = box.querySelector("[role=alert]"), asked = box.getAttribute("data-confirm");
    var missing = all("input[required], select[required], textarea[required]", box).filter(function (field) { return !field.value.trim(); })[0];
    if (missing) { said.textContent = "Fill in: " + (box.querySelector('label[for="' + missing.id + '"]') || missing).textContent; missing.focus(); return; }
    all("[name]", box).forEach(function (field) { body[field.name] = field.type === "checkbox" ? field.checked : field.value; });
    if (asked && !window.confirm(asked)) return;
    control.disabled = true;
    var told = await askServer(box.getAttribute("data-post"), body);
    control.disabled = false;
    if (told.failed) { said.textContent = told.failed; return; }
    if (told.keep) { said.textContent = told.keep; all("input", box).forEach(function (field) { if (field.type !== "checkbox") field.value = ""; }); return; }
    location.reload();
  }

  /* ---- saved views ---- */
  document.addEventListener("toggle", async function (event) {
    if (event.target.matches && event.target.matches("details.hb-saved") && event.target.open) drawViews(await askServer("/views"));
  }, true);
  function drawViews(told) {
    var box = byId("saved-views");
    if (!box) return;
    if (told.failed) { box.replaceChildren(make("p", told.failed, { role: "alert" })); return; }
    var list = make("ul", undefined, { "class": "hb-views-l" });
    told.views.forEach(function (view) {
      var item = make("li"), link = make("a", view.name, { href: view.path + view.search });
      item.append(link);
      if (!view.is_own) item.append(make("span", "by " + view.owner, { "class": "hb-sub" }));
      else if (view.is_shared) item.append(make("span", "shared", { "class": "hb-sub" }));
      if (view.is_own) {
        var cross = make("button", "Delete", { type: "button", "class": "hb-btn hb-small hb-quiet", "aria-label": "Delete the view " + view.name });
        cross.addEventListener("click", async function (event) {
          event.stopPropagation();
          if (!window.confirm("Delete the view “" + view.name + "”?")) return;
          drawViews(await askServer("/views/" + view.id + "/delete", {}));
          say("View deleted.", true);
        });
        item.append(cross);
      }
      list.append(item);
    });
    var form = make("form", undefined, { "class": "hb-form" }), name = make("input", undefined, { id: "view-name", type: "text", maxlength: 80, required: "", "class": "hb-inp", autocomplete: "off" });
    var shared = make("input", undefined, { id: "view-shared", type: "checkbox" }), check = make("span"), status = make("p", undefined, { role: "status" });
    check.append(shared, make("label", "Share with everybody", { "for": "view-shared" }));
    form.append(make("label", "Save this view as", { "for": "view-name" }), name, check, make("button", "Save", { type: "submit", "class": "hb-btn hb-primary" }), status);
    form.addEventListener("submit", async function (event) {
      event.preventDefault();
      var kept = await askServer("/views/new", { name: name.value, path: location.pathname, search: location.search, shared: shared.checked });
      if (kept.failed) { status.textContent = kept.failed; return; }
      drawViews(kept);
      say("View saved.", true);
    });
    box.replaceChildren(told.views.length ? list : make("p", "No views are saved yet.", { "class": "hb-sub" }), form);
  }

  /* ---- copy, print, theme, sign out ---- */
  on("click", "[data-copy]", function (control) {
    var address = location.href.split("#")[0];
    if (control.getAttribute("data-copy") === "figure" && menuOpener) address += "#figure-" + menuOpener.getAttribute("data-menu");
    closeMenu(true);
    copy(address);
  });
  function copy(text) {
    var done = function () { say("Link copied.", true); };
    if (navigator.clipboard && isSecureContext) { navigator.clipboard.writeText(text).then(done, function () { byHand(text, done); }); return; }
    byHand(text, done);
  }
  function byHand(text, done) {
    var field = document.createElement("textarea"), focused = document.activeElement;
    field.value = text;
    document.body.appendChild(field);
    field.select();
    if (document.execCommand("copy")) done();
    field.remove();
    if (focused) focused.focus();
  }
  /* ---- forms of settings: sent as JSON; the page shows what holds afterwards ---- */
  document.addEventListener("submit", async function (event) {
    var form = event.target.closest("form[data-setting]");
    if (!form) return;
    event.preventDefault();
    var status = form.querySelector("[data-form-status]"), sent = Object.fromEntries(new FormData(form).entries());
    status.textContent = "";
    var told = await askServer(form.getAttribute("data-setting"), sent);
    if (told.failed) { status.textContent = told.failed; return; }
    keep("hb-done", told.message || "Saved.");
    location.reload();
  });
  if (kept("hb-done")) {
    var done = kept("hb-done");
    keep("hb-done", "");
    setTimeout(function () { say(done, true); }, 800);
  }
  on("click", "[data-print]", function () { window.print(); });
  on("click", "[data-reload]", function () { location.reload(); });
  on("click", "[data-theme]", function () {
    var root = document.documentElement, next = root.getAttribute("data-bs-theme") === "dark" ? "light" : "dark";
    root.setAttribute("data-bs-theme", next);
    keep("hb-theme", next);
    say(next === "dark" ? "Dark theme." : "Light theme.", true);
  });
  on("click", "[data-sign-out]", function (control) {
    fetch(control.getAttribute("data-sign-out"), {
      method: "POST", credentials: "same-origin", headers: { "X-CSRFToken": cookie("_csrf_token") }
    }).then(function () { location.assign("/login"); });
  });
  function cookie(name) {
    var found = document.cookie.split("; ").filter(function (part) { return part.indexOf(name + "=") === 0; })[0];
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  }

  /* ---- keys ---- */
  var chord = 0;
  function lettersOff() { return kept("hb-letters") === "off"; }
  function showLetters() {
    all("[data-letters]").forEach(function (control) {
      control.setAttribute("aria-pressed", String(lettersOff()));
      control.textContent = lettersOff() ? "Switch single letters on" : "Switch single letters off";
    });
  }
  on("click", "[data-letters]", function () { keep("hb-letters", lettersOff() ? "on" : "off"); showLetters(); });

  function typing(target) {
    return target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
      (target.tagName === "INPUT" && !/^(checkbox|radio)$/.test(target.type));
  }
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      if (closeDialog() || closeMenu(true) || closeDetails() || closeSheet()) event.preventDefault();
      return;
    }
    if (!byId("tile-menu") || !byId("tile-menu").hidden) { if (byId("tile-menu") && menuKeys(event)) return; }
    if (event.key === "Tab" && sheet) { trap(event); return; }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target) || document.querySelector("dialog[open]")) return;
    if (lettersOff()) return;
    if (letter(event.key)) event.preventDefault();
  });
  function trap(event) {
    var stops = tabStops(sheet), first = stops[0], last = stops[stops.length - 1];
    if (event.shiftKey && document.activeElement === first) { last.focus(); event.preventDefault(); }
    if (!event.shiftKey && document.activeElement === last) { first.focus(); event.preventDefault(); }
  }
  function letter(key) {
    if (Date.now() - chord < CHORD_MS) {
      chord = 0;
      return follow({ o: "/", a: "/actions", r: "/reports" }[key]);
    }
    if (key === "g") { chord = Date.now(); return true; }
    if (key === "/") { openDialog("jump"); return true; }
    if (key === "?") { showLetters(); openDialog("keys"); return true; }
    if (key === "f") return openFilters();
    if (key === "m") return menuOfFocus();
    if (key === "j" || key === "k") return stepInbox(key === "j" ? 1 : -1);
    if (key === "a" || key === "s") return pressLetter(key);
    return false;
  }
  function follow(path) {
    var link = path && document.querySelector('.hb-side a.hb-nav-i[href="' + path + '"]');
    if (!link) return false;
    link.click();
    return true;
  }
  function openFilters() {
    var opener = document.querySelector('.hb-filters [data-sheet="filter-sheet"]');
    if (opener && opener.offsetParent) { openSheet("filter-sheet", opener); return true; }
    var first = document.querySelector(".hb-filters summary");
    if (!first) return false;
    first.focus();
    first.parentNode.open = true;
    return true;
  }
  function stepInbox(by) {
    var items = all(".hb-inbox-l a");
    if (!items.length) return false;
    var at = items.indexOf(document.activeElement);
    if (at < 0) at = items.findIndex(function (item) { return item.closest(".hb-chosen"); });
    var to = at < 0 ? (by > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + by, 0), items.length - 1);
    items[to].focus();
    return true;
  }
  function pressLetter(key) {
    var control = document.querySelector('[data-letter="' + key + '"]:not([disabled])');
    if (!control) return false;
    control.click();
    return true;
  }
  function menuOfFocus() {
    var part = document.activeElement.closest(".hb-tile, .hb-card"), opener = part && part.querySelector("[data-menu]");
    if (!opener) return false;
    openMenu(opener);
    return true;
  }

  /* ---- fetch: old numbers stay, dimmed, while new ones come; an ended session must not look like a frozen page ---- */
  var waiting = 0, slow = null;
  var send = window.fetch;
  window.fetch = async function (resource, options) {
    var address = String((resource && resource.url) || resource);
    var isCallback = address.indexOf("_dash-update-component") >= 0;
    if (isCallback) begin();
    if (isCallback && isByItself(options)) options = Object.assign({}, options, { headers: asAutomatic(options.headers) });
    try {
      var answer = await send.call(window, resource, options);
      if (answer.status === 401 && address.indexOf("_dash-") >= 0) signIn();
      else if (isCallback) report(answer);
      return answer;
    } catch (away) {
      if (isCallback) fail("The server did not answer.", "It may be starting again. Wait a moment and try again.");
      throw away;
    } finally {
      if (isCallback) end();
    }
  };
  /* What the page asks by itself because something changed is no sign that somebody is there. */
  function isByItself(options) {
    return Boolean(options) && typeof options.body === "string" && /"changedPropIds":\["(live-version|snapshot)\.data"\]/.test(options.body);
  }
  function asAutomatic(given) {
    var headers = new Headers(given);
    headers.set("X-Hireboard-Automatic", "1");
    return headers;
  }
  async function report(answer) {
    if (answer.status < 400) { byId("failure").hidden = true; return; }
    var told = {};
    try { told = (await answer.clone().json()).error || {}; } catch (unreadable) { /* no words came: ours have to do */ }
    var reference = told.reference ? " Reference " + told.reference + "." : "";
    fail("These numbers could not be worked out.", (told.message || "Try again in a moment.") + reference);
  }
  function fail(title, words) {
    var box = byId("failure");
    if (!box) return;
    byId("failure-title").textContent = title;
    byId("failure-words").textContent = words + (document.querySelector(".hb-live-part") ? " What you see below is from before." : "");
    box.hidden = false;
  }
  function begin() {
    waiting += 1;
    if (slow === null) slow = setTimeout(function () { busy(true); }, SLOW_MS);
  }
  function end() {
    waiting -= 1;
    if (waiting > 0) return;
    clearTimeout(slow);
    slow = null;
    busy(false);
  }
  function busy(is) {
    var page = byId("page");
    if (!page) return;
    page.setAttribute("aria-busy", String(is));
    page.classList.toggle("hb-waiting", is);
  }
  function signIn() { location.assign("/login?next=" + encodeURIComponent(location.pathname + location.search)); }

  /* ---- new numbers: ask for the version, let Dash fetch the page's parts when it has changed ---- */
  var tag = null, version = null;
  async function poll() {
    if (document.hidden || !byId("page")) return;
    var answer;
    try {
      answer = await send.call(window, "/api/version", { headers: tag ? { "If-None-Match": tag } : {}, cache: "no-store", credentials: "same-origin" });
    } catch (away) { lost(); return; }
    found();
    if (answer.status === 401) { signIn(); return; }
    if (answer.status === 304) { followLive(); return; }
    if (answer.status !== 200) return;
    tag = answer.headers.get("ETag");
    var told = await answer.json(), next = told.v, shown = shownVersion();
    liveNumber = told.live;
    followLive();
    var isNew = version === null ? Boolean(shown && next && shown !== next) : next !== version;
    version = next;
    if (!isNew || !window.dash_clientside || new URLSearchParams(location.search).has("pinned")) return;
    window.dash_clientside.set_props("snapshot", { data: next });
    say("The numbers on this page are new.");
  }
  /* Hold this view: the address names the snapshot, which is kept until it is let go. */
  on("click", "[data-hold]", async function () {
    var told = await askServer("/held-views", {}), pairs = new URLSearchParams(location.search);
    if (told.failed) { fail("The view was not held.", told.failed); return; }
    pairs.set("pinned", told.snapshot);
    location.assign(location.pathname + asSearch(pairs));
  });
  on("click", 'a[href="#let-go"]', async function (link, event) {
    event.preventDefault();
    var pairs = new URLSearchParams(location.search), held = pairs.get("pinned");
    pairs.delete("pinned");
    await askServer("/held-views/let-go", { snapshot: held });
    location.assign(location.pathname + asSearch(pairs));
  });

  /* A live page follows the store until somebody pauses it. Drawn from the batch (its number is empty) it tries again. */
  var liveNumber, isPaused = false;
  function followLive() {
    var page = document.querySelector("[data-live]");
    if (!page || !liveNumber || isPaused || !window.dash_clientside || page.getAttribute("data-live") === liveNumber) return;
    window.dash_clientside.set_props("live-version", { data: liveNumber + " " + Date.now() });
    if (page.getAttribute("data-live")) say("The numbers on this page are new.");
  }
  on("click", "[data-pause]", function () {
    isPaused = !isPaused;
    markPause();
    say(isPaused ? "Paused. The numbers stay as they are." : "The numbers follow again.", true);
    if (!isPaused) poll();
  });
  function markPause() {
    all("[data-pause]").forEach(function (control) {
      var words = isPaused ? "Go on" : "Pause";
      if (control.textContent !== words) control.textContent = words;
      if (control.getAttribute("aria-pressed") !== String(isPaused)) control.setAttribute("aria-pressed", String(isPaused));
    });
  }
  /* Two polls without an answer are said; the next one that is answered takes the words back and fetches what changed. */
  var missed = 0;
  function lost() {
    missed += 1;
    if (missed !== 2) return;
    fail("The server does not answer.", "It may be starting again, or the connection is gone. This page tries again by itself; your filters are kept in the address.");
    say("The server does not answer.", true);
  }
  function found() {
    if (missed >= 2) { byId("failure").hidden = true; say("The server answers again.", true); }
    missed = 0;
  }
  function shownVersion() {
    var head = document.querySelector("[data-version]");
    return head ? head.getAttribute("data-version") : null;
  }
  setInterval(poll, POLL_MS);
  document.addEventListener("visibilitychange", poll);
  window.addEventListener("online", poll);
  window.addEventListener("load", function () { setTimeout(poll, 1000); });

  /* ---- where we are, and charts that fit ---- */
  function mark() {
    var path = location.pathname, best = "";
    var links = all(".hb-nav-i, a.hb-tab-i");
    links.forEach(function (link) { /* a page of one thing belongs to the page that lists it */
      var href = link.getAttribute("href");
      if ((href === path || (href !== "/" && path.indexOf(href + "/") === 0)) && href.length > best.length) best = href;
    });
    links.forEach(function (link) {
      var here = link.getAttribute("href") === best;
      if (here !== link.hasAttribute("aria-current")) {
        if (here) link.setAttribute("aria-current", "page"); else link.removeAttribute("aria-current");
      }
    });
  }
  function fit(graph) {
    var small = matchMedia(NARROW).matches, wanted = small ? "M3" : "M1";
    if (!window.Plotly || !graph.layout || !graph.layout.xaxis || !graph.layout.xaxis.dtick || graph.layout.xaxis.dtick === wanted) return;
    window.Plotly.relayout(graph, { "xaxis.dtick": wanted });
  }
  /* A table that scrolls sideways can be reached and scrolled by keyboard; one that fits is no stop on the way. */
  function reachable(box) {
    var scrolls = box.scrollWidth > box.clientWidth, heading = box.parentNode.querySelector("h2");
    if (scrolls === box.hasAttribute("tabindex")) return;
    if (!scrolls) { ["tabindex", "role", "aria-label"].forEach(function (name) { box.removeAttribute(name); }); return; }
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", (heading ? heading.textContent : "Table") + ", scrolls sideways");
  }
  function fitAll() { all(".hb-chart .js-plotly-plot").forEach(fit); all(".hb-tbl-w").forEach(reachable); }
  var pending = null;
  function settle() { pending = null; mark(); markPause(); fitAll(); }
  new MutationObserver(function () { keepBar(); if (pending === null) pending = setTimeout(settle, 30); })
    .observe(document.documentElement, { childList: true, subtree: true });
  window.addEventListener("resize", fitAll);
  /* Paper is narrower than the screen and is laid out at once: the chart gets its width before, and its freedom back after. */
  function size(graph, width, height) {
    if (window.Plotly) window.Plotly.relayout(graph, { width: width, height: height, autosize: width === null });
  }
  window.addEventListener("beforeprint", function () {
    var foot = document.querySelector(".hb-trust"), address = foot && (foot.querySelector(".hb-address") || make("span", "", { "class": "hb-address" }));
    if (address) { address.textContent = location.href; foot.append(address); }
    all(".hb-chart .js-plotly-plot").forEach(function (graph) { size(graph, PAPER_PX, 240); });
  });
  window.addEventListener("afterprint", function () {
    all(".hb-chart .js-plotly-plot").forEach(function (graph) { size(graph, null, null); });
  });
})();
