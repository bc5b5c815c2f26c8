import { limits } from "../limits.ts"

const mask = "<redacted>"

const secretName = /TOKEN|SECRET|PASSW(?:OR)?D|PASSPHRASE|CREDENTIAL|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|_KEY$|_PAT$/i

/** User and password of the address of a proxy, as they are written there, and the password alone. */
const proxyLogin = (name: string, value: string): ReadonlyArray<string> => {
  const [, login = "", password = ""] = /_proxy$/i.test(name)
    ? /^(?:[a-z]+:\/\/)?([^/@]*?:(.*))@/i.exec(value) ?? []
    : []
  return [login, password].filter((text) => text.length >= limits.secret_chars)
}

/** The values of an environment that are secrets by their name. */
export const secretsIn = (environment: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.entries(environment).flatMap(([name, value = ""]) =>
    value.length >= limits.secret_chars && secretName.test(name) ? [value] : proxyLogin(name, value)
  )

/** Keys as the makers of models and of version control hand them out, and what follows a name that says it is secret. */
const wellKnown =
  /\b(?:sk-|gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AKIA|AIza|hf_|npm_)[\w-]{10,}|\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g
const labelled = /\b(Bearer\s+|(?:api[_-]?key|token|secret|password)["']?\s*[=:]\s*["']?)[^\s"',;]{6,}/gi

/** The text without the secrets that are known, or that look like one. */
export const maskSecrets = (text: string, secrets: ReadonlyArray<string>): string =>
  secrets
    .filter((secret) => secret !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, secret) => masked.replaceAll(secret, mask), text)
    .replace(wellKnown, mask)
    .replace(labelled, `$1${mask}`)
