import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { contentOf, fenced, markFor, visible } from "../../src/agent/messages/fence.ts"

const mark = "0123456789abcdef0123456789abcdef"

describe("the text of a message", () => {
  const rows: ReadonlyArray<readonly [what: string, text: string, shown: string]> = [
    ["keeps its lines and tabs", "one\n\ttwo\r\nthree", "one\n\ttwo\nthree"],
    ["keeps letters of any script and emoji", "é漢 שלום 🦀", "é漢 שלום 🦀"],
    ["shows a carriage return, which could overwrite a line", "a\rb", "a\\u{d}b"],
    ["shows control characters", "\u001b[31m\0\u007f\u0085\u009b", "\\u{1b}[31m\\u{0}\\u{7f}\\u{85}\\u{9b}"],
    ["shows what changes the direction", "\u202eevil\u2066\u200f", "\\u{202e}evil\\u{2066}\\u{200f}"],
    ["shows other ends of a line", "a\u2028b\u2029c", "a\\u{2028}b\\u{2029}c"],
    ["shows what nobody sees", "\u200b\ufeff\u00ad\u180e", "\\u{200b}\\u{feff}\\u{ad}\\u{180e}"],
    ["shows tags that spell words nobody sees", "\u{e0041}\u{e0042}\u{e01ef}", "\\u{e0041}\\u{e0042}\\u{e01ef}"],
    ["names no file by an at sign", "@config.json a@b", "\\u{40}config.json a\\u{40}b"],
    ["shows half a surrogate pair", "a\ud800b", "a\\u{d800}b"]
  ]
  it.each(rows)("%s", (_, text, shown) => {
    assert.strictEqual(visible(text), shown)
  })
})

describe("what is shown of a payload", () => {
  const rows: ReadonlyArray<readonly [Record<string, unknown>, ReturnType<typeof contentOf>]> = [
    [{ text: "hi\n\u202e" }, { what: "text", text: "hi\n\\u{202e}" }],
    [{ text: "hi", agentcom_key: "k", hops: 2 }, { what: "text", text: "hi" }],
    [{ text: "hi", a: 1 }, { what: "payload", text: "{\"text\":\"hi\",\"a\":1}" }],
    [{ text: 1 }, { what: "payload", text: "{\"text\":1}" }],
    [{}, { what: "payload", text: "{}" }],
    [{ n: JSON.rawJSON("12345678901234567890") }, { what: "payload", text: "{\"n\":12345678901234567890}" }],
    [{ "@a": "@b" }, { what: "payload", text: "{\"\\u0040a\":\"\\u0040b\"}" }],
    [{ "\u202e\n": "\u{e0041}" }, { what: "payload", text: "{\"\\u202e\\n\":\"\\udb40\\udc41\"}" }]
  ]
  it.each(rows)("%j", (payload, content) => {
    assert.deepEqual(contentOf(payload), content)
  })

  it("is JSON with the same values, whatever is escaped in it", () => {
    const payload = { a: "\u202e\u{e0041}\u0000\u2028", b: ["\ufeff"] }
    assert.deepEqual(JSON.parse(contentOf(payload).text), payload)
  })
})

describe("a fence", () => {
  it("is two lines with the mark", () => {
    assert.strictEqual(
      fenced("text", mark, "a\nb"),
      `===== text ${mark} begins =====\na\nb\n===== text ${mark} ends =====`
    )
  })

  it.effect("has a mark that stands in none of the texts, even where somebody guessed one", () =>
    Effect.gen(function*() {
      const draws = ["guessed", "guessed too", "free"]
      const draw = Effect.sync(() => draws.shift() ?? "none is left")
      assert.strictEqual(yield* markFor(["a guessed b", "guessed too"], draw), "free")
    }))

  it.effect("has another mark each time, of 128 bits", () =>
    Effect.gen(function*() {
      const marks = yield* Effect.all([markFor([]), markFor([])])
      for (const one of marks) assert.match(one, /^[0-9a-f]{32}$/)
      assert.notStrictEqual(marks[0], marks[1])
    }))
})
