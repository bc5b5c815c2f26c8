import { assert, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const make = `const { makeFolder } = await import(process.argv[1]); await makeFolder(process.argv[2], process.argv[3])`

it.runIf(process.platform !== "win32")("a folder that we make is its owner's alone, whatever the umask", () => {
  const home = mkdtempSync(join(tmpdir(), "folder-mode-"))
  try {
    for (const umask of ["000", "002", "022", "077"]) {
      const folder = join(home, `results-${umask}`, "sent")
      const args = ["--input-type=module", "-e", make, resolve("src/storage/folders.ts"), home, folder]
      const { status, stderr } = spawnSync("/bin/sh", [
        "-c",
        `umask ${umask}; exec "$0" "$@"`,
        process.execPath,
        ...args
      ])
      assert.deepEqual({ status, stderr: stderr.toString() }, { status: 0, stderr: "" })
      for (const path of [folder, join(folder, "..")]) {
        assert.equal(statSync(path).mode & 0o777, 0o700, `${umask} ${path}`)
      }
    }
  } finally {
    rmSync(home, { recursive: true, force: true })
  }
})
