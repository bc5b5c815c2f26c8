import { limits } from "../limits.ts"

const mask = "<redacted>"

const secretName = /TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|_PAT$/i

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** What stands before the host in the address of a proxy, and the password in it alone, as written and as meant. */
const proxyLogin = (name: string, value: string): ReadonlyArray<string> => {
  const [, login = ""] = /_proxy$/i.test(name) ? /^(?:[a-z]+:\/\/)?(.+)@/i.exec(value) ?? [] : []
  const written = login.includes(":") ? [login, login.slice(login.indexOf(":") + 1)] : [login]
  return [...new Set([...written, ...written.map(decoded)])].filter((text) => text.length >= limits.secret_chars)
}

/** The values of an environment that are secrets by their name. */
export const secretsIn = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.entries(environment).flatMap(([name, value = ""]) =>
    value.length >= limits.secret_chars && secretName.test(name) ? [value] : proxyLogin(name, value)
  )

/** Keys as the makers of models and of version control hand them out, and what follows a name that says it is secret. */
const wellKnown =
  /\b(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza|hf_|npm_)[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g
const labelled = /\b(Bearer\s+|\w*(?:api[_-]?key|token|secret|password)["']?\s*[=:]\s*["']?)[^\s"',;]{6,}/gi

/** The text without the secrets that are known, or that look like one. */
export const maskSecrets = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets
    .filter((secret) => secret !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, secret) => masked.replaceAll(secret, mask), text)
    .replace(wellKnown, mask)
    .replace(labelled, `$1${mask}`)
