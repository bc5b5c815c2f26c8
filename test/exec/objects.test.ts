import { describe, expect, test } from "vitest"
import { execLimits } from "../../src/exec/limits.ts"
import { objectReader } from "../../src/exec/objects.ts"

/** The objects that are found in a text that comes in pieces of `size` bytes. */
const found = (text: string, size = 7): ReadonlyArray<unknown> => {
  const objects: Array<unknown> = []
  const reader = objectReader((object) => objects.push(object))
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size))
  reader.end()
  return objects
}

const nested = { a: { b: [{ c: 1 }] }, d: "x\ny" }

describe("the JSON objects in what a program prints", () => {
  test.each<[what: string, printed: string, objects: ReadonlyArray<unknown>]>([
    ["nothing", "", []],
    ["text", "The task is done.\n", []],
    ["one a line", "{\"a\":1}\n{\"b\":2}\n", [{ a: 1 }, { b: 2 }]],
    ["the last without an end of line", "{\"a\":1}\n{\"b\":2}", [{ a: 1 }, { b: 2 }]],
    ["with ends of line of Windows", "{\"a\":1}\r\n{\n  \"b\": 2\n}\r\n", [{ a: 1 }, { b: 2 }]],
    ["between warnings", "Warning: {old}\n{\"a\":1}\n[warn] no cache\n{\"b\":2}\n{half\n", [{ a: 1 }, { b: 2 }]],
    ["a list on one line", "[{\"a\":1},{\"b\":2}]", [{ a: 1 }, { b: 2 }]],
    ["a list over many lines", JSON.stringify([nested, { b: 2 }], null, 2), [nested, { b: 2 }]],
    ["an object over many lines", `hello\n${JSON.stringify(nested, null, 2)}\nbye\n`, [nested]],
    ["after a value that was cut", `{\n  "a": 1,\n{\n  "b": 2\n}\n`, [{ b: 2 }]],
    ["no object", "[1,2]\n\"text\"\n7\nnull\n[]\n", []],
    ["characters of several bytes", "{\"a\":\"é漢🦀\"}\n", [{ a: "é漢🦀" }]]
  ])("%s", (_, printed, objects) => {
    for (const size of [1, 7, 10_000]) expect(found(printed, size)).toEqual(objects)
  })

  test("are skipped if they are larger than the limit, and the next one is found", () => {
    const large = `{"a":"${"x".repeat(2 * execLimits.json_bytes)}"}`
    expect(found(`${large}\n{"b":2}\n`, 1_000_000)).toEqual([{ b: 2 }])
    const open = `{\n${`"${"x".repeat(1_000)}",\n`.repeat(execLimits.json_bytes / 1_000)}`
    expect(found(`${open}}\n{"b":2}\n`, 1_000_000)).toEqual([{ b: 2 }])
  })

  test("are skipped if they have too many values or levels", () => {
    expect(
      found(`${"[".repeat(1_000)}${"]".repeat(1_000)}\n{"a":${"[".repeat(1_000)}${"]".repeat(1_000)}}\n{"b":2}`, 4_000)
    )
      .toEqual([{ b: 2 }])
  })
})
