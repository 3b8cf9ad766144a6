import accountStyle from '../account.css' with { type: 'text' }
import consentStyle from '../consent.css' with { type: 'text' }
import sharedStyle from '../pages.css' with { type: 'text' }

/** The style sheet of the server-rendered pages. */
export const pagesStyleText: string = sharedStyle + consentStyle + accountStyle

const version = new Bun.CryptoHasher('sha256').update(pagesStyleText).digest('hex').slice(0, 12)

/** Where the pages link it; the query changes with its content, so that it may be kept for good. */
export const pagesStylePath = `/assets/pages.css?v=${version}`
