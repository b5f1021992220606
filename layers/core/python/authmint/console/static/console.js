// What makes the console better where scripts run; nothing needs it.
(() => {
  for (const form of document.querySelectorAll("form[data-sure]"))
    form.addEventListener("submit", (event) => {
      if (!window.confirm(form.dataset.sure)) event.preventDefault();
    });
  // A form is sent once, however often its button is pressed.
  for (const form of document.querySelectorAll('form[method="post"]'))
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  for (const pre of document.querySelectorAll("pre")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = "⧉";
    button.setAttribute("aria-label", document.documentElement.lang === "de" ? "Kopieren" : "Copy");
    button.addEventListener("click", () => navigator.clipboard.writeText(pre.textContent));
    pre.before(button);
  }
})();
