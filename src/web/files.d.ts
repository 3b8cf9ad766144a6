/** Files imported with `{ type: 'file' }` give the path to read them from, embedded or not. */
declare module '*/docs.css' {
  const path: string
  export default path
}

declare module '*/docs_init.js' {
  const path: string
  export default path
}

declare module '*/browser/standalone.js' {
  const path: string
  export default path
}

declare module '@scalar/api-reference/style.css' {
  const path: string
  export default path
}

declare module '*/errors.css' {
  const path: string
  export default path
}

/** Files imported with `{ type: 'text' }` give their text. */
declare module '*.md' {
  const text: string
  export default text
}

declare module '*/pages.css' {
  const text: string
  export default text
}

declare module '*/consent.css' {
  const text: string
  export default text
}

declare module '*/account.css' {
  const text: string
  export default text
}

declare module '*/passkeys.js' {
  const text: string
  export default text
}
