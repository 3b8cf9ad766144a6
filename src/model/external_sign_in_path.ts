/** Where the button of the OpenID provider leads; takes `next`. */
export const externalSignInPath = '/login/external'

/** Where the provider sends people back to; registered there. */
export const externalCallbackPath = '/login/external/callback'
