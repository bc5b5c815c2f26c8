import { describe, expect, it } from "vitest"
import { makeJsonEntries } from "../../src/text/jsonEntries.ts"
import { readMembers } from "../../src/text/jsonScan.ts"

const limit = 200

/** All that is found in text whose bytes come in chunks of the sizes that `next` gives. */
const foundIn = (text: string, next: () => number) => {
  const bytes = Buffer.from(text)
  const entries = makeJsonEntries("messages", limit)
  const found: Array<string | null> = []
  for (let at = 0; at < bytes.length;) {
    const end = at + Math.max(1, next())
    for (const entry of entries.push(bytes.subarray(at, end))) found.push(entry.text)
    at = end
  }
  return { found: found.map((one) => one?.trim()), rest: entries.rest(), isWhole: entries.isWhole() }
}

const atOnce = (text: string) => foundIn(text, () => text.length * 4)

const answers: ReadonlyArray<readonly [what: string, text: string, found: ReadonlyArray<string | undefined>]> = [
  ["none", `{"agent_id":"b","count":0,"last_seq":0,"messages":[]}`, []],
  ["none with a space", `{"messages" : [ ] , "count":0}`, []],
  ["one", `{"count":1,"messages":[{"n":1}]}`, [`{"n":1}`]],
  ["several, and members behind them", `{"messages":[{"n":1}, {"n":[2,[3]]},\n{"n":{}}],"cursor":3}`, [
    `{"n":1}`,
    `{"n":[2,[3]]}`,
    `{"n":{}}`
  ]],
  ["entries that are no objects", `{"messages":[1,"a,]}",null,[2,3]]}`, ["1", `"a,]}"`, "null", "[2,3]"]],
  [
    "strings that look like the end",
    String.raw`{"messages":[{"t":"]}\"],\\"},{"t":"\\\"\\"}]}`,
    [String.raw`{"t":"]}\"],\\"}`, String.raw`{"t":"\\\"\\"}`]
  ],
  ["characters of many bytes", `{"messages":[{"t":"é日\u{1f600}"},{"日":1}]}`, [`{"t":"é日\u{1f600}"}`, `{"日":1}`]],
  [
    "lists of that name inside others, which are others",
    `{"a":{"messages":[1]},"b":[{"messages":[2]}],"messages":[3],"c":{"messages":[4]}}`,
    ["3"]
  ],
  ["text that names it", String.raw`{"a":",\"messages\":[1]","messages":[2]}`, ["2"]],
  ["other lists", `{"other":[1],"messages":[2],"messages_too":[3]}`, ["2"]],
  ["one that is too large", `{"messages":[1,"${"x".repeat(limit)}",2]}`, ["1", undefined, "2"]]
]

describe("the entries of a list are found, however their bytes are divided:", () => {
  describe.each(answers)("%s", (_, text, found) => {
    it("at once", () => expect(atOnce(text)).toMatchObject({ found, isWhole: true }))

    it("in two at every place", () => {
      const expected = atOnce(text)
      for (let first = 1; first < Buffer.byteLength(text); first++) {
        let isFirst = true
        const next = () => {
          const size = isFirst ? first : text.length * 4
          isFirst = false
          return size
        }
        expect(foundIn(text, next)).toEqual(expected)
      }
    })

    it("in chunks of every size", () => {
      const expected = atOnce(text)
      for (let size = 1; size <= 64; size++) expect(foundIn(text, () => size)).toEqual(expected)
    })

    it("in chunks that grow and shrink", () => {
      const expected = atOnce(text)
      for (let seed = 1; seed <= 50; seed++) {
        let drawn = seed
        const next = () => {
          drawn = (drawn * 48271) % 2_147_483_647
          return drawn % 17
        }
        expect(foundIn(text, next)).toEqual(expected)
      }
    })
  })
})

it("what is beside the list can be read without it, before and behind it", () => {
  const { rest } = atOnce(`{"count":2,"messages":[{"count":7},{"cursor":8}],"cursor":9}`)
  expect(rest).toBe(`{"count":2,"messages":[],"cursor":9}`)
  expect(readMembers(rest ?? "", ["count", "cursor"]).members).toEqual({ count: 2, cursor: 9 })
})

it("what is too long beside the list is not kept", () => {
  expect(atOnce(`{"a":"${"x".repeat(100_000)}","messages":[1]}`)).toEqual({ found: [], rest: null, isWhole: false })
})

describe("text is not whole", () => {
  it.each([
    ["without an end", `{"messages":[1]`],
    ["cut within the list", `{"messages":[1,`],
    ["cut within a string", `{"messages":[1],"a":"}`],
    ["without the list", `{"error":"unauthorized"}`],
    ["with something else of its name", `{"messages":{"a":[1]}}`],
    ["that is a list", `[{"messages":[1]}]`],
    ["that is no JSON", "<html>"],
    ["that is empty", ""]
  ])("%s", (_, text) => expect(atOnce(text).isWhole).toBe(false))
})

it("an entry that is too large is counted by its bytes", () => {
  const entries = makeJsonEntries("messages", limit)
  const chunk = Buffer.alloc(1024, "x")
  const found = [`{"messages":["`, ...Array.from({ length: 64 }, () => chunk), `",1]}`]
    .flatMap((part) => [...entries.push(Buffer.from(part))])
  expect(found).toEqual([{ text: null, bytes: 64 * chunk.length + 2 }, { text: "1", bytes: 1 }])
})
