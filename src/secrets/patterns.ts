import { lintSource } from "@secretlint/core"
import { rules } from "@secretlint/secretlint-rule-preset-recommend"
import { mask } from "./secret.ts"

/** Left out: comments in the text, which an agent writes, would switch the search off. */
const filter = "@secretlint/secretlint-rule-filter-comments"

const config = {
  rules: rules.flatMap((rule) => rule.meta.id === filter ? [] : [{ id: rule.meta.id, rule, options: {} }])
}

/** The text without what the rules of secretlint find. */
const withoutKnownKinds = async (text: string): Promise<string> => {
  const { messages } = await lintSource({
    source: { content: text, filePath: "output.txt", ext: ".txt", contentType: "text" },
    options: { config, noPhysicFilePath: true }
  })
  const ranges = messages.map(({ range }) => range).toSorted(([a], [b]) => a - b)
  let [result, done] = ["", 0]
  for (const [from, to] of ranges) {
    if (from >= done) result += text.slice(done, from) + mask
    done = Math.max(done, to)
  }
  return result + text.slice(done)
}

/** Whether the text after a name such as `password:` is a value, not a word of prose or code. */
const isValue = (text: string): boolean => /\d/.test(text) && !/[(<{$]/.test(text)

interface Pattern {
  readonly what: RegExp
  readonly replace: (...found: ReadonlyArray<string>) => string
}

const behind = (what: RegExp): Pattern => ({ what, replace: (_, before = "") => before + mask })

/** What secretlint does not find: logins, headers, fields of a configuration, and parts of keys. */
const patterns: ReadonlyArray<Pattern> = [
  // a private key, also with lines written as \n, or with its end cut off
  behind(/()-----BEGIN [A-Z ]{0,32}PRIVATE KEY-----(?:[A-Za-z0-9+/=,:\s-]|\\[nr])*/g),
  // keys of model providers, version control and payment services, and signed tokens
  behind(
    /()\b(?:sk-|[sr]k_(?:live|test)_|whsec_|gh[pousr]_|github_pat_|glpat-|xox[a-z]-|xapp-|AKIA|ASIA|AIza|hf_|npm_|pypi-|sntry[su]_|dop_v1_|shpat_)[\w-]{10,}/g
  ),
  behind(/()\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?/g),
  // the login in an address
  behind(/(\b[a-z][a-z\d+.-]{1,20}:\/\/[^\s/@:"']{0,128}:)[^\s/@"']{1,256}(?=@)/gi),
  behind(/(\b[a-z][a-z\d+.-]{1,20}:\/\/)(?=[^\s/@:"']*\d)[^\s/@:"']{16,128}(?=@)/gi),
  behind(/(\s(?:-u|--user)[\s=]{1,3}["']?[^\s:"']{1,64}:)[^\s"']+/g),
  // headers
  behind(/(\b(?:Bearer|Basic)\s{1,3})[A-Za-z0-9+/._~=-]{8,}/gi),
  behind(/(\b(?:Set-)?Cookie["']?:\s{0,3}["']?)[^\r\n"']+/gi),
  // NAME=value as in an environment or a connection string
  behind(
    /((?:TOKEN|SECRET|PASS|PASSW(?:OR)?D|PASSPHRASE|PWD|CREDENTIALS?|API_?KEY|ACCESS_?KEY|PRIVATE_?KEY|ACCOUNTKEY|SHAREDACCESSKEY|[?&;]sig)\w{0,32}["']?=["']?)[^\s"',;]{6,}/gi
  ),
  // name: value as in JSON, YAML and headers
  {
    what:
      /((?:token|secret|passw(?:or)?d|passphrase|api[_-]?key|access[_-]?key)["']?\s{0,3}[=:]\s{0,3}["']?)([^\s"',;]{6,})/gi,
    replace: (whole, before = "", value = "") => isValue(value) ? before + mask : whole
  }
]

const keyEnd = /-----END [A-Z ]{0,32}PRIVATE KEY-----/

const isKeyLine = (word: string): boolean => word === "" || /^[A-Za-z0-9+/=]{16,}$/.test(word)

/** The text without the last lines of a private key, if an excerpt has cut off its beginning. */
const withoutKeyEnd = (text: string): string => {
  const end = text.search(keyEnd)
  if (end === -1) return text
  const pieces = text.slice(0, end).split(/(\s+|\\[nr])/) // words at even indexes, separators between them
  let first = pieces.findLastIndex((piece, at) => at % 2 === 0 && piece !== "")
  while (first >= 2 && isKeyLine(pieces[first - 2] ?? "")) first -= 2
  return pieces.slice(0, Math.max(0, first)).join("") + mask + text.slice(end).replace(keyEnd, "")
}

/** The text without what looks like a secret. Never used on an answer: much of it is harmless text that looks like one. */
export const withoutPatterns = async (text: string): Promise<string> =>
  withoutKeyEnd(
    patterns.reduce((masked, { replace, what }) => masked.replace(what, replace), await withoutKnownKinds(text))
  )
