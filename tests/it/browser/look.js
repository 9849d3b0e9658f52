"use strict";
// What runs inside pages under test. `words` is what a person reads; every other function finds one thing as a person does,
// or answers with complaints in words.
const look = {
  said: (element) => (element.innerText || element.textContent || "").replace(/\s+/g, " ").trim(),
  shown: (element) => element.checkVisibility({ visibilityProperty: true }),
  name: (element) => `${element.tagName.toLowerCase()}${element.id ? "#" + element.id : ""} “${look.said(element).slice(0, 60)}”`,
  all: (selector) => [...document.querySelectorAll(selector)].filter(look.shown),

  words: () => look.said(document.body),

  press: (words) => {
    const all = look.all("a[href], button");
    return all.find((one) => look.said(one) === words) || all.find((one) => look.said(one).startsWith(words)) || null;
  },
  folded: (words) => look.all("summary").find((one) => look.said(one).startsWith(words)) || null,
  labelled: (words, selector) => {
    const labels = look.all("label");
    const label = labels.find((one) => look.said(one) === words) || labels.find((one) => look.said(one).startsWith(words));
    return label && label.control && label.control.matches(selector) ? label.control : null;
  },
  choice: (words) => look.labelled(words, "[type=radio], [type=checkbox]"),
  choices: (words) => look.all("label").filter((one) => look.said(one).startsWith(words) && one.control).map((one) => one.control),
  option: (words, answer) => [...look.field(words).options].find((one) => look.said(one) === answer) || null,
  date: (words, day) => { const field = look.field(words); field.value = day; return field.value; },
  nth: (words, n) => look.all("label").filter((one) => look.said(one) === words)[n].control,
  field: (words) => look.labelled(words, "input:not([type=radio], [type=checkbox]), textarea, select"),

  // What must hold of the bones of any page.
  bones: () => {
    const wrong = [];
    if (!document.documentElement.lang) wrong.push("no language");
    if (!document.title.trim()) wrong.push("no title");
    const headings = look.all("h1, h2, h3, h4, h5, h6");
    const ones = headings.filter((one) => one.tagName === "H1");
    if (ones.length !== 1) wrong.push(`${ones.length} headings of the first rank`);
    const ranks = headings.filter((one) => !one.closest(".mistakes")).map((one) => Number(one.tagName[1]));
    ranks.forEach((rank, n) => { if (rank > (n ? ranks[n - 1] : 0) + 1) wrong.push(`a gap before ${look.name(headings[n])}`); });
    for (const one of headings) if (!look.said(one)) wrong.push("an empty heading");
    for (const one of look.all("input:not([type=hidden]), select, textarea")) {
      if (![...one.labels].some(look.said)) wrong.push(`no label: ${look.name(one)}`);
    }
    for (const one of look.all("a[href], button, summary")) if (!look.said(one)) wrong.push(`no words: ${one.outerHTML}`);
    for (const one of document.querySelectorAll("img:not([alt])")) wrong.push(`no words for ${one.src}`);
    for (const one of look.all("table")) if (!one.caption || !one.querySelector("th")) wrong.push("a table without caption or heads");
    for (const one of document.querySelectorAll("[tabindex]")) if (one.tabIndex > 0) wrong.push(`an order of its own: ${look.name(one)}`);
    const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
    for (const id of new Set(ids.filter((id, n) => ids.indexOf(id) !== n))) wrong.push(`#${id} twice`);
    for (const one of document.querySelectorAll("[style], style, script:not([src])")) wrong.push(`not let through: ${one.outerHTML.slice(0, 80)}`);
    for (const one of document.querySelectorAll("a[href^='#'], [aria-describedby], [aria-labelledby]")) {
      const to = [one.hash ? one.hash.slice(1) : "", ...(one.getAttribute("aria-describedby") || "").split(" "), ...(one.getAttribute("aria-labelledby") || "").split(" ")];
      for (const id of to.filter(Boolean)) if (!document.getElementById(id)) wrong.push(`leads to #${id}, which is not there`);
    }
    return wrong;
  },

  // What must hold of a page that tells that something is wrong with what was sent.
  mistakes: () => {
    const list = document.querySelector(".mistakes");
    if (!list) return ["no list of what is wrong"];
    const wrong = [];
    if (document.activeElement !== list) wrong.push(`the list is not in focus, but ${look.name(document.activeElement)}`);
    const links = [...list.querySelectorAll("a[href]")];
    if (!links.length) wrong.push("no link to a field");
    for (const link of links) {
      const field = document.getElementById(link.hash.slice(1));
      if (!field || !field.matches("input, select, textarea")) wrong.push(`“${look.said(link)}” leads to no field`);
      const beside = field && field.closest(".field");
      if (beside && !look.said(beside).includes(look.said(link))) wrong.push(`“${look.said(link)}” does not stand beside its field`);
    }
    return wrong;
  },

  // What makes people scroll to the side: nothing may, but tables in a region of their own.
  width: () => {
    const page = document.scrollingElement;
    if (page.scrollWidth <= window.innerWidth) return [];
    const out = [...document.body.querySelectorAll("*")].filter((one) => !one.closest(".scroll") && one.getBoundingClientRect().right > window.innerWidth + 0.5);
    return [`${page.scrollWidth} px wide in ${window.innerWidth}: ${out.map(look.name).slice(-3).join(", ")}`];
  },

  // WCAG 2.5.8: 24 by 24, but links in a sentence.
  targets: () => {
    const small = (one) => {
      const box = one.labels && one.labels.length && one.matches("[type=radio], [type=checkbox]") ? one.labels[0] : one;
      const rect = box.getBoundingClientRect();
      return Math.min(rect.width, rect.height) < 23.99;
    };
    const inSentence = (one) => getComputedStyle(one).display === "inline" && look.said(one.parentElement) !== look.said(one);
    const all = look.all("a[href], button, summary, input:not([type=hidden]), select, textarea");
    const away = (one) => one.matches(".skip");
    return all.filter((one) => small(one) && !inSentence(one) && !away(one)).map((one) => {
      const rect = one.getBoundingClientRect();
      return `${look.name(one)} is ${Math.round(rect.width)} by ${Math.round(rect.height)}`;
    });
  },

  // More space between lines, words and letters (WCAG 1.4.12).
  spread: () => {
    const sheet = document.styleSheets[0];
    sheet.insertRule("* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }", sheet.cssRules.length);
    return look.width();
  },

  // The words without any style sheet.
  bare: () => {
    for (const sheet of document.styleSheets) sheet.disabled = true;
    const words = look.words();
    for (const sheet of document.styleSheets) sheet.disabled = false;
    return words;
  },

  open: () => { for (const one of document.querySelectorAll("details")) one.open = true; },

  // What can be reached with the keyboard, in the order of the page; of a group of answers, one.
  stops: () => {
    const groups = new Set();
    return look.all("a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]").filter((one) => {
      if (one.tabIndex < 0 || one.disabled) return false;
      if (one.type !== "radio") return true;
      const group = [...document.querySelectorAll(`[type=radio][name="${one.name}"]`)].filter((other) => other.form === one.form);
      const stop = group.find((other) => other.checked) || group[0];
      return stop === one;
    });
  },
  // Begins to note what is in focus, and how one sees it. Answers how many times to press the key.
  note: () => {
    window.noted = [];
    document.addEventListener("focusin", (event) => {
      const style = getComputedStyle(event.target);
      const rect = event.target.getBoundingClientRect();
      window.noted.push({ element: event.target, ring: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2, rect });
    });
    const dates = look.all("[type=date], [type=time], [type=datetime-local]").length;
    // In a document that stands apart there are links, of which nothing is seen here.
    const apart = look.all("iframe").length;
    return look.stops().length + 8 * dates + 30 * apart + 2;
  },
  noted: () => {
    const wrong = [];
    const stops = look.stops();
    const seen = window.noted.map((one) => one.element).filter((one, n, all) => all.indexOf(one) === n && stops.includes(one));
    for (const one of stops) if (!seen.includes(one)) wrong.push(`not reached: ${look.name(one)}`);
    const turned = seen.slice(seen.indexOf(stops[0])).concat(seen.slice(0, seen.indexOf(stops[0])));
    if (!wrong.length && turned.some((one, n) => one !== stops[n])) wrong.push(`reached in another order: ${turned.map(look.name).join(", ")}`);
    for (const one of window.noted.filter((one) => stops.includes(one.element))) {
      if (!one.ring) wrong.push(`in focus and not seen to be: ${look.name(one.element)}`);
      if (one.rect.bottom <= 0 || one.rect.top >= window.innerHeight) wrong.push(`in focus and out of sight: ${look.name(one.element)}`);
    }
    return [...new Set(wrong)];
  },

  // Words in the colour of what lies behind them, where people choose the colours.
  forced: () => {
    const behind = (one) => {
      for (let at = one; at; at = at.parentElement) {
        const colour = getComputedStyle(at).backgroundColor;
        if (!/, 0\)$|transparent/.test(colour)) return colour;
      }
      return "rgb(255, 255, 255)";
    };
    const texts = look.all("p, li, dt, dd, th, td, a, button, label, h1, h2, h3, text").filter(look.said);
    const colour = (one) => one.tagName === "text" ? getComputedStyle(one).fill : getComputedStyle(one).color;
    return texts.filter((one) => colour(one) === behind(one)).map((one) => `cannot be read: ${look.name(one)}`);
  },
};
