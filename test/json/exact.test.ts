import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import {
  asNumber,
  fromExactJson,
  isJsonObject,
  isRawNumber,
  json_depth,
  json_values,
  number_digits,
  parseBounded,
  parseExact
} from "../../src/text/json.ts"

const digits = (count: number): string => "1234567890".repeat(Math.ceil(count / 10)).slice(0, count)

const again = (text: string): string => JSON.stringify(parseExact(text))

describe("a number", () => {
  it.each([
    "9007199254740991",
    "9007199254740993",
    "-12345678901234567890",
    digits(309),
    digits(number_digits),
    `-${digits(number_digits)}`,
    "1000000000000000000000",
    "12345678901234567890.5",
    "0.1",
    "-7"
  ])("passes unchanged: %.25s", (number) => {
    expect(again(`{"a":[${number},{"b":${number}}]}`)).toBe(`{"a":[${number},{"b":${number}}]}`)
    expect(again(number)).toBe(number)
  })

  it.each(["1e400", "-1e400", "12.5e999", digits(number_digits + 1), `${digits(400)}.5`])(
    "that the hub does not take passes as text: %.25s",
    (number) => expect(again(`{"a":${number}}`)).toBe(`{"a":"${number}"}`)
  )

  it("in a text is text", () => {
    expect(again(`{"12345678901234567890":"12345678901234567890","n":1}`)).toBe(
      `{"12345678901234567890":"12345678901234567890","n":1}`
    )
  })

  it("that is long is neither an object nor lost to a reader of numbers", () => {
    const long = parseExact("12345678901234567890")
    expect([isRawNumber(long), isJsonObject(long), asNumber(long)]).toEqual([
      true,
      false,
      Number("12345678901234567890")
    ])
    expect([isRawNumber(7), isJsonObject({ rawJSON: "7" }), asNumber("7")]).toEqual([false, true, "7"])
  })

  it("passes through a schema, both ways", () => {
    const schema = fromExactJson(Schema.Struct({ a: Schema.Record(Schema.String, Schema.Unknown) }))
    const text = `{"a":{"n":12345678901234567890,"__proto__":{"m":[9007199254740993]}}}`
    expect(Schema.encodeSync(schema)(Schema.decodeUnknownSync(schema)(text))).toBe(text)
    expect(Result.isFailure(Schema.decodeUnknownResult(schema)("{"))).toBe(true)
  })
})

describe("text that holds too much is not parsed", () => {
  const listOf = (values: number) => `[${Array.from({ length: values - 1 }, () => "0").join(",")}]`
  const nested = (levels: number) => "[".repeat(levels) + "]".repeat(levels)
  const problem = (text: string) => Result.getOrUndefined(Result.flip(parseBounded(text)))

  it.each([
    ["as many values as there may be", listOf(json_values), undefined],
    ["one more", listOf(json_values + 1), "holds 250001 values, more than 250000"],
    ["many in little text", `[${"[],".repeat(125_000)}[]]`, "holds 250003 values, more than 250000"],
    ["as many levels as there may be", nested(json_depth), undefined],
    ["one more", nested(json_depth + 1), "is nested deeper than 500 levels"],
    ["levels of objects", `{"a":`.repeat(501) + "1" + "}".repeat(501), "is nested deeper than 500 levels"]
  ])("%s", (_, text, reason) => {
    expect(problem(text)?.reason).toBe(reason)
  })

  it("and text that is no JSON is told apart", () => {
    expect(problem("{")).toMatchObject({ _tag: "NotJson", reason: expect.stringMatching(/^is not JSON \(.+\)$/) })
    expect(problem("[".repeat(600))).toEqual({
      _tag: "TooMuch",
      reason: "is nested deeper than 500 levels",
      isClosed: false
    })
  })
})
