// Asks the browser for a key (WebAuthn), and sends what it says with the form of the page.
(() => {
  const form = document.getElementById("key-form");
  if (!form) return;
  const button = document.getElementById("key-submit");
  const problem = document.getElementById("key-problem");
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
  const text = (buffer) =>
    btoa(Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join(""))
      .replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const descriptors = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));
  const send = (fields) => {
    for (const [name, value] of Object.entries(fields)) form.elements[name].value = value;
    form.submit();
  };
  const create = async (options) => {
    const made = await navigator.credentials.create({
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        user: { ...options.user, id: bytes(options.user.id) },
        excludeCredentials: descriptors(options.excludeCredentials),
      },
    });
    send({
      clientData: text(made.response.clientDataJSON),
      attestation: text(made.response.attestationObject),
      transports: JSON.stringify(made.response.getTransports ? made.response.getTransports() : []),
      clientExtensions: JSON.stringify(made.getClientExtensionResults()),
    });
  };
  const get = async (options, more) => {
    const found = await navigator.credentials.get({
      ...more,
      publicKey: {
        ...options,
        challenge: bytes(options.challenge),
        allowCredentials: descriptors(options.allowCredentials),
      },
    });
    send({
      clientData: text(found.response.clientDataJSON),
      authenticatorData: text(found.response.authenticatorData),
      signatureData: text(found.response.signature),
      credentialId: found.id,
      userHandle: found.response.userHandle ? text(found.response.userHandle) : "",
    });
  };
  // Who closes the browser's own window has not done anything wrong: the page says what can be done now.
  const failed = () => {
    button.disabled = false;
    problem.hidden = false;
    problem.focus();
  };
  const options = async (signal) => {
    if (form.dataset.options) return JSON.parse(form.dataset.options);
    const body = new URLSearchParams(new FormData(form));
    const answer = await fetch(form.dataset.ask, { method: "POST", body, signal });
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  };
  // Browsers use no keys at addresses.
  if (!window.PublicKeyCredential || /^[\d.]+$|:/.test(location.hostname)) {
    if (form.dataset.optional === undefined) failed();
    button.disabled = true;
    return;
  }
  form.hidden = false;
  // Offered in the username field, where the browser can do that: nothing is shown until somebody chooses one.
  const offering = new AbortController();
  const offer = async () => {
    if (form.dataset.autofill === undefined || !PublicKeyCredential.isConditionalMediationAvailable) return;
    const { signal } = offering;
    if (!(await PublicKeyCredential.isConditionalMediationAvailable()) || signal.aborted) return;
    await get(await options(signal), { mediation: "conditional", signal });
  };
  const offered = offer().catch(() => {});
  const ask = async () => {
    button.disabled = true;
    problem.hidden = true;
    // Browsers take one request at a time, and of two challenges the later one counts: the offer ends first.
    offering.abort();
    await offered;
    try {
      const asked = await options();
      await (form.dataset.does === "create" ? create(asked) : get(asked, {}));
    } catch {
      failed();
    }
  };
  button.addEventListener("click", (event) => {
    event.preventDefault();
    ask();
  });
  if (form.dataset.now !== undefined) ask();
})();
