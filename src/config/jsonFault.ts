const space = /[ \t\r\n]*/y
const mark = /[{}[\],:]/y
const string = /"(?:[^"\\\p{Cc}]|[\u007f-\u009f]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/uy
const scalar = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[Ee][+-]?\d+)?|true|false|null/y

const matchAt = (pattern: RegExp, text: string, at: number): string | undefined => {
  pattern.lastIndex = at
  return pattern.exec(text)?.[0]
}

/** The token at `at`: a mark such as `{`, "string" or "scalar"; undefined if there is no valid one. */
const tokenAt = (text: string, at: number): { readonly kind: string; readonly length: number } | undefined => {
  const sign = matchAt(mark, text, at)
  if (sign !== undefined) return { kind: sign, length: sign.length }
  const quoted = matchAt(string, text, at)
  const found = quoted ?? matchAt(scalar, text, at)
  return found === undefined ? undefined : { kind: quoted === undefined ? "scalar" : "string", length: found.length }
}

type Expected =
  | "a value"
  | "a value or ]"
  | "a key in double quotes"
  | "a key in double quotes or }"
  | "a colon"
  | "a comma or }"
  | "a comma or ]"
  | "the end of the file"

const afterValue = (open: ReadonlyArray<string>): Expected =>
  open.length === 0 ? "the end of the file" : open.at(-1) === "{" ? "a comma or }" : "a comma or ]"

/** What is expected after this token; undefined if it is not one of the `expected`. Updates the stack of `open` brackets. */
const follow = (expected: Expected, token: string, open: Array<string>): Expected | undefined => {
  const wantsValue = expected.startsWith("a value")
  if (token === "string" && expected.startsWith("a key")) return "a colon"
  if ((token === "string" || token === "scalar") && wantsValue) return afterValue(open)
  if ((token === "{" || token === "[") && wantsValue) {
    open.push(token)
    return token === "{" ? "a key in double quotes or }" : "a value or ]"
  }
  if ((token === "}" || token === "]") && expected.endsWith(token)) {
    open.pop()
    return afterValue(open)
  }
  if (token === ":" && expected === "a colon") return "a value"
  if (token === "," && expected === "a comma or }") return "a key in double quotes"
  if (token === "," && expected === "a comma or ]") return "a value"
  return undefined
}

const wholeText = String.raw`text that ends on its line, with \\ for each backslash`

const describe = (text: string, at: number, expected: string): string => {
  const lines = text.slice(0, at).split("\n")
  return `line ${lines.length}, column ${(lines.at(-1) ?? "").length + 1}: expected ${expected}`
}

/**
 * Where a text stops being JSON, and what is expected there; undefined if it is JSON. Unlike the message of `JSON.parse`
 * it quotes nothing of the text, which may hold a secret.
 */
export const jsonFault = (text: string): string | undefined => {
  const open: Array<string> = []
  let expected: Expected = "a value"
  let at = 0
  for (;;) {
    at += matchAt(space, text, at)?.length ?? 0
    if (at === text.length && expected === "the end of the file") return undefined
    const token = tokenAt(text, at)
    const next: Expected | undefined = token && follow(expected, token.kind, open)
    if (token === undefined) return describe(text, at, text[at] === "\"" ? wholeText : expected)
    if (next === undefined) return describe(text, at, expected)
    at += token.length
    expected = next
  }
}
