// What makes the console better where scripts run; nothing needs it.
(() => {
  // A form is sent once, however often its button is pressed.
  for (const form of document.querySelectorAll('form[method="post"]'))
    form.addEventListener("submit", (event) => {
      if (event.defaultPrevented) return;
      if (form.dataset.sent) event.preventDefault();
      form.dataset.sent = "yes";
    });
  // What is written is tried a moment after the last key.
  const trial = document.querySelector("[data-trial]");
  if (trial) {
    const button = trial.querySelector("[formaction]");
    let waiting = 0;
    let asked = 0;
    const attempt = async () => {
      const mine = ++asked;
      const body = new URLSearchParams(new FormData(button.form));
      try {
        const answer = await fetch(button.formAction, { method: "POST", body });
        // Its style has a nonce of its own: that of this page would refuse it, and say so.
        const text = (await answer.text()).replace(/<style[^]*?<\/style>/g, "");
        const page = new DOMParser().parseFromString(text, "text/html");
        const found = page.querySelector("#tried");
        if (found && mine === asked) trial.querySelector("#tried").replaceChildren(...found.childNodes);
      } catch {
        // The button is still there.
      }
    };
    button.form.addEventListener("input", () => {
      clearTimeout(waiting);
      if (button.form.elements.value.value.trim()) waiting = setTimeout(attempt, 500);
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  });
  // A list that is watched: fetched again and put in its place, unless somebody is in the middle of it.
  const live = document.querySelector("[data-live]");
  if (live)
    setInterval(async () => {
      if (document.hidden || live.contains(document.activeElement)) return;
      const answer = await fetch(location.href).catch(() => null);
      if (!answer?.ok || answer.redirected) return;
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      live.replaceChildren(...(page.querySelector("[data-live]")?.childNodes ?? live.childNodes));
    }, Number(live.dataset.live) * 1000);
  for (const pre of document.querySelectorAll("pre")) {
    if (!navigator.clipboard) break;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "copy";
    button.textContent = document.documentElement.lang === "de" ? "Kopieren" : "Copy";
    button.addEventListener("click", () => navigator.clipboard.writeText(pre.textContent));
    pre.before(button);
  }
})();
