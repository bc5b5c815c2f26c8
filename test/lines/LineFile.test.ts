import { afterEach, beforeEach, describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openLineFile } from "../../src/text/LineFile.ts"

let folder = ""
let path = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-lines-"))
  path = join(folder, "lines")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

describe("a file of lines", () => {
  it("says of lines that fit only in part that the disk is full, as of those that do not fit at all", () => {
    expect(spawnSync("mkfifo", [path]).status).toBe(0) // takes 64 KiB and no more
    const file = openLineFile(path)
    try {
      const full = expect.objectContaining({ code: "ENOSPC", message: "ENOSPC: the disk is full" })
      expect(() => file.append(`${"x".repeat(100_000)}\n`)).toThrow(full)
    } finally {
      file.close()
    }
  })

  it("keeps its mode where somebody made it before, until it is to be its owner's only", () => {
    writeFileSync(path, "", { mode: 0o644 })
    const file = openLineFile(path)
    file.append("a\n")
    expect(statSync(path).mode & 0o777).toBe(0o644)
    file.hide()
    file.close()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(readFileSync(path, "utf8")).toBe("a\n")
  })
})
