// Asks the browser for a passkey where a page has a form for it, and sends the answer with that
// form. What needs a passkey stays hidden where the browser knows none.

const bytesOf = (text) =>
  Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))

const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const withBytes = (credentials) => credentials?.map((each) => ({ ...each, id: bytesOf(each.id) }))

async function create(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: withBytes(options.excludeCredentials),
  }
  const made = await navigator.credentials.create({ publicKey })
  const { response } = made
  return answerOf(made, {
    attestationObject: textOf(response.attestationObject),
    transports: response.getTransports?.() ?? [],
  })
}

async function get(options) {
  const publicKey = { ...options, challenge: bytesOf(options.challenge), allowCredentials: [] }
  const used = await navigator.credentials.get({ publicKey })
  const { authenticatorData, signature, userHandle } = used.response
  return answerOf(used, {
    authenticatorData: textOf(authenticatorData),
    signature: textOf(signature),
    ...(userHandle ? { userHandle: textOf(userHandle) } : {}),
  })
}

const answerOf = (credential, response) => ({
  id: credential.id,
  rawId: textOf(credential.rawId),
  type: credential.type,
  clientExtensionResults: credential.getClientExtensionResults(),
  response: { ...response, clientDataJSON: textOf(credential.response.clientDataJSON) },
})

let isAsking = false

async function ask(form) {
  if (isAsking) return
  isAsking = true
  const trouble = form.querySelector('[data-passkey-trouble]')
  trouble.hidden = true
  try {
    const options = JSON.parse(form.dataset.passkeyOptions)
    const answer = await (form.dataset.passkey === 'create' ? create(options) : get(options))
    form.elements.namedItem('answer').value = JSON.stringify(answer)
    form.submit()
  } catch {
    trouble.hidden = false
  } finally {
    isAsking = false
  }
}

if (window.PublicKeyCredential && navigator.credentials) {
  for (const element of document.querySelectorAll('[data-needs-passkeys]')) element.hidden = false
  const form = document.querySelector('form[data-passkey]')
  if (form) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      void ask(form)
    })
    void ask(form)
  }
}
