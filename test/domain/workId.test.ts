import { describe, expect, test } from "vitest"
import { isSafeWorkId } from "../../src/domain/ids.ts"

describe("a task id may become a file name", () => {
  test.each([
    ["the hub's own form", "task-0123456789abcdef"],
    ["one character", "a"],
    ["two characters", "ab"],
    ["capitals, digits, dots, dashes and underscores inside", "A.b-C_9"],
    ["an outer underscore, and a dash at the end", "_a-"],
    ["two dots inside", "a..b"],
    ["128 characters", "a".repeat(128)],
    ["a name that only begins like a device", "console"],
    ["a device's name with a digit too many", "com10"],
    ["a device's name behind something", "my.con"]
  ])("%s", (_, id) => expect(isSafeWorkId(id)).toBe(true))
})

describe("a task id may not become a file name", () => {
  test.each([
    ["nothing", ""],
    ["a dot", "."],
    ["two dots", ".."],
    ["a leading dot", ".a"],
    ["an option of a command", "--yes"],
    ["a trailing dot", "a."],
    ["129 characters", "a".repeat(129)],
    ["a slash", "a/b"],
    ["a backslash", "a\\b"],
    ["a way out of the folder", "../a"],
    ["a colon", "a:b"],
    ["a space", "a b"],
    ["a newline at its end", "a\n"],
    ["a NUL", "a\u0000"],
    ["a letter outside of ASCII", "\u00e4"],
    ["a dollar sign", "conin$"],
    ["CON", "con"],
    ["PRN in capitals", "PRN"],
    ["AUX in mixed case", "aUx"],
    ["NUL", "nul"],
    ["COM1", "COM1"],
    ["LPT9", "lpt9"],
    ["a device with an extension", "nul.txt"],
    ["a device with two", "com1.tar.gz"]
  ])("%s", (_, id) => expect(isSafeWorkId(id)).toBe(false))
})
