/** An address as it may be shown: what follows the `?` may be a secret. */
export const withoutQuery = (url: string): string => url.replace(/\?.*/s, "")
