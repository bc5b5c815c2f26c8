import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"

export const secret_chars = 8 // a shorter value is not masked, because it may be any word
const secret_in_answer_chars = 16 // a shorter value of a variable is not masked in an answer

/** A text that must not leave this machine. `name` is the variable or the setting that holds it. */
export interface Secret {
  readonly value: string
  readonly name: string
  /** Whether it is a secret whatever it looks like: the token, the key, the password of a proxy. */
  readonly certain: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** A variable with such a name holds a secret, whatever its value looks like. Counts and limits of tokens are no secrets. */
const secretName =
  /TOKEN(?!S|_?(?:LIMIT|COUNT|BUDGET|MAX|MIN|TTL|URL|TYPE))|SECRET|PASSW|PASSPHRASE|(?:^|_)PASS(?![A-Z])|(?:^|_)PWD(?![A-Z])|CREDENTIAL|(?:API|ACCESS|PRIVATE|SIGNING|ENCRYPTION)_?KEY/i

/** A variable with such a name may also hold an ordinary word (`SORT_KEY=created_at`). A secret has letters and digits. */
const perhapsSecretName = /_KEY$|_PAT$|DSN|AUTH|CONN(?:ECTION)?_?STR/i

const isPath = (value: string): boolean => /^(?:[a-z]:)?(?:~|\.{1,2})?[\\/]/i.test(value) && !/[+=]/.test(value)

const mixesLettersAndDigits = (value: string): boolean => /[a-z]/i.test(value) && /\d/.test(value)

const isSecretByName = (name: string, value: string): boolean =>
  !isPath(value) && (secretName.test(name) || (perhapsSecretName.test(name) && mixesLettersAndDigits(value)))

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const distinct = (texts: ReadonlyArray<string>): ReadonlyArray<string> =>
  [...new Set(texts)].filter((text) => text.length >= secret_chars)

/** The login in the address of a proxy, and the password alone, each as written and URL-decoded. */
const proxyLogin = (value: string): ReadonlyArray<string> => {
  const [, login = ""] = /^(?:[a-z][a-z\d+.-]*:\/\/)?(.+)@/i.exec(value) ?? []
  const written = login.includes(":") ? [login, login.slice(login.indexOf(":") + 1)] : [login]
  return distinct([...written, ...written.map(decoded)])
}

/** The password in the address of a database or another service, as written and URL-decoded. */
const urlPassword = (value: string): ReadonlyArray<string> => {
  const [, password = ""] = /^[a-z][a-z\d+.-]*:\/\/[^\s/@:]*:([^\s/@]+)@/i.exec(value) ?? []
  return distinct([password, decoded(password)])
}

/** The secret fields of a connection string: `Server=…;Password=…`. */
const connectionFields = (value: string): ReadonlyArray<string> =>
  distinct(
    Array.from(
      value.matchAll(/(?:^|;)\s*(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*([^;]+)/gi),
      ([, field = ""]) => field.trim()
    )
  )

/** The lines of base64 text in a PEM file that are long enough to be recognised. */
const pemLines = (value: string): ReadonlyArray<string> =>
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)
    ? distinct(value.split(/\r?\n|\\n/).filter((line) => /^[A-Za-z0-9+/=]{16,}$/.test(line)))
    : []

const ofVariable = (name: string, value: string): ReadonlyArray<Secret> => {
  if (/_proxy$/i.test(name)) return proxyLogin(value).map((login) => ({ value: login, name, certain: true }))
  const whole = value.length >= secret_chars && isSecretByName(name, value) ? [value] : []
  const parts = [...urlPassword(value), ...connectionFields(value), ...pemLines(value)]
  return [...new Set([...whole, ...parts])].map((part) => ({ value: part, name, certain: false }))
}

/** The secrets in an environment: variables named as secrets, logins of proxies, passwords in addresses, private keys. */
export const secretsIn = (environment: Environment): ReadonlyArray<Secret> =>
  Object.entries(environment).flatMap(([name, value = ""]) => ofVariable(name, value))

interface ConfiguredSecrets {
  readonly token: Redacted.Redacted<string>
  readonly tls_key: Redacted.Redacted<string> | null
}

/** All secrets that the daemon knows: its token, the key of its certificate, and those in its environment. */
export const knownSecrets = (
  { tls_key, token }: ConfiguredSecrets,
  environment: Environment
): ReadonlyArray<Secret> => [
  { value: Redacted.value(token), name: "token", certain: true },
  ...(tls_key === null ? [] : pemLines(Redacted.value(tls_key))).map((value) => ({
    value,
    name: "tls_key",
    certain: true
  })),
  ...secretsIn(environment)
]

/** Whether the value of a variable may be hidden in an answer, where an ordinary word must stay. */
export const looksLikeKey = (value: string): boolean =>
  value.length >= secret_in_answer_chars && mixesLettersAndDigits(value) && !/\s/.test(value) && !isPath(value)

/** The text that replaces a secret. */
export const mask = "<redacted>"

/** The text with all secrets masked. Longer ones come first, as one secret may begin with another. */
export const withoutSecrets = (text: string, secrets: ReadonlyArray<Secret>): string =>
  secrets
    .map(({ value }) => value)
    .filter((value) => value !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, value) => masked.replaceAll(value, mask), text)

/**
 * The output of a program as it may be quoted in a reason, a log or a page: known secrets and whatever looks like a secret are
 * masked.
 */
export const quotable = (text: string, secrets: ReadonlyArray<Secret>): Effect.Effect<string> =>
  text.trim() === "" ? Effect.succeed(text) : Effect.promise(async () => {
    const { withoutPatterns } = await import("./patterns.ts") // large, and most processes quote nothing
    return withoutPatterns(withoutSecrets(text, secrets))
  })
