// Says while a new password is typed which rules it meets, and how hard it is to guess. The server judges it anyway.
(() => {
  const field = document.getElementById("new");
  const rules = document.getElementById("rules");
  const strength = document.getElementById("strength");
  if (!field || !rules || !strength) return;
  const username = document.getElementById("username");
  const count = (text, kind) => (text.match(kind) || []).length;
  const login = () => (username ? username.value : "").toLowerCase().split(/[,._#@\-\s]+/).filter((part) => part.length > 3);
  const met = {
    shortest: (text, least) => Array.from(text).length >= least,
    lower: (text, least) => count(text, /\p{Ll}/gu) >= least,
    upper: (text, least) => count(text, /\p{Lu}/gu) >= least,
    digit: (text, least) => count(text, /\p{Nd}/gu) >= least,
    symbol: (text, least) => count(text, /[^\p{L}\p{N}\s]/gu) >= least,
    login: (text) => text !== "" && !login().some((part) => text.toLowerCase().includes(part)),
  };
  // Bits, roughly: a character that repeats or continues the one before it adds next to nothing.
  const bits = (text) => {
    const pool = (/\p{Ll}/u.test(text) && 26) + (/\p{Lu}/u.test(text) && 26) + (/\p{Nd}/u.test(text) && 10) +
      (/[^\p{L}\p{N}]/u.test(text) && 33);
    const points = Array.from(text, (char) => char.codePointAt(0));
    const fresh = points.filter((point, at) => at === 0 || Math.abs(point - points[at - 1]) > 1).length;
    return (fresh + (points.length - fresh) / 4) * Math.log2(Math.max(pool, 2));
  };
  const tell = () => {
    for (const rule of rules.querySelectorAll("[data-rule]")) {
      const judge = met[rule.dataset.rule];
      if (judge) rule.classList.toggle("met", judge(field.value, Number(rule.dataset.least || 1)));
    }
    const size = bits(field.value);
    const said = field.value === "" ? "" : strength.dataset[size < 50 ? "weak" : size < 85 ? "fair" : "strong"];
    if (strength.textContent !== said) strength.textContent = said;
  };
  field.addEventListener("input", tell);
  tell();
})();
