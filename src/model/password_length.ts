/** The fewest characters of a password; a second factor may stand beside it (NIST SP 800-63B-4 §3.1.1.2). */
export const minPasswordLength = 12
