import { describe, expect, it } from "vitest"
import { readMembers, scanJson } from "../../src/text/jsonScan.ts"

describe("a look at JSON text", () => {
  it.each([
    ["one value", "7", 1, 0],
    ["a list", "[1,2,3]", 4, 1],
    ["lists in a list", "[[],[],[]]", 7, 2],
    ["an object", `{"a":1,"b":{"c":[]}}`, 5, 3],
    ["brackets and commas in a text", `{"a":"[{,,\\"[["}`, 2, 1],
    ["an escaped backslash at the end of a text", `["\\\\",[]]`, 4, 2]
  ])("counts %s", (_, text, values, depth) => {
    expect(scanJson(text)).toMatchObject({ values, depth, isClosed: true })
  })

  it.each([`{"a":[1,2`, `{"a":"b`, `["a\\"]`, "[".repeat(100_000)])(
    "knows that it is not at its end: %.20s",
    (text) => {
      expect(scanJson(text).isClosed).toBe(false)
    }
  )

  it.each([
    ["9007199254740991", false],
    ["-9007199254740991", false],
    ["0.12345678901234567890", false],
    ["1.5e300", true],
    ["1e-400", false],
    ["9007199254740992", true],
    [`{"a":[0,-12345678901234567890]}`, true],
    ["1e400", true],
    [`"12345678901234567890"`, false]
  ])("sees whether a number is long: %s", (text, hasLongNumbers) => {
    expect(scanJson(text).hasLongNumbers).toBe(hasLongNumbers)
  })

  it("counts a long number for four, as much as it takes", () => {
    expect(scanJson("[1,12345678901234567890]").values - scanJson("[1,2]").values).toBe(3)
  })

  it("takes a time that does not grow faster than the text, also where that is odd", () => {
    for (const text of ["\\\"", "\\\\", ",", "1", "e", "\"", "{\"a\":"]) {
      expect(scanJson(`{"a":"${text.repeat(1_000_000)}`).values).toBeGreaterThan(0)
      expect(scanJson(text.repeat(1_000_000)).values).toBeGreaterThan(0)
    }
  })
})

describe("the members of the outermost object", () => {
  it("are read without making anything of the others, and of two with one name the last counts", () => {
    const text =
      ` { "id" : "a\\u0062" , "other":{"id":"x","n":2},"list":["id",{"n":3}],\n"n":-4,"id":"c","odd":nonsense}`
    expect(readMembers(text, ["id", "n", "other", "odd", "missing"]).members).toEqual({
      id: "c",
      n: -4,
      odd: undefined
    })
  })

  it.each(["[]", "7", "\"id\":1", "[\"id\",1]", "{\"a\":{\"id\":1}}"])("are none in %s", (text) => {
    expect(readMembers(text, ["id"]).members).toEqual({})
  })
})
