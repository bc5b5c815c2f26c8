import { describe, expect, it } from "vitest"
import { launcherShell, lostVariables, plainShell, unshellable } from "../../src/process/launcher.ts"
import { unreaped } from "../../src/process/processTable.ts"

const odd = { PATH: "/bin", "my.api.key": "secret", "INPUT_A-B": "secret", "BASH_FUNC_f%%": "() { :; }" }
const list = ["agent", "--go"]
const bash = () => "/bin/bash"
const none = () => null

describe("the shell of the launcher", () => {
  it("is bash for a list where a name is none of a shell, as others pass such a variable on to nobody", () => {
    expect(launcherShell(list, odd, bash)).toEqual({ file: "/bin/bash", flags: ["-p"] })
    for (const name of ["a.b", "a-b", "1a", "é"]) {
      expect(launcherShell(list, { [name]: "x" }, bash).file).toBe("/bin/bash")
    }
  })

  it("is the plain one where all names are good, there is no bash, or the command is a line for a shell", () => {
    expect(launcherShell(list, { PATH: "/bin", _x1: "" }, bash)).toEqual(plainShell)
    expect(launcherShell(list, odd, none)).toEqual(plainShell)
    expect(launcherShell("agent --go", odd, bash)).toEqual(plainShell)
  })

  it("is told of by the names that may be lost, and by no value", () => {
    expect(unshellable(odd)).toEqual(["BASH_FUNC_f%%", "INPUT_A-B", "my.api.key"])
    expect(lostVariables(list, odd, none)).toContain("INPUT_A-B, my.api.key")
    expect(lostVariables(list, odd, none)).not.toContain("secret")
    expect([lostVariables(list, odd, bash), lostVariables("agent", odd, none), lostVariables(list, {}, none)])
      .toEqual([null, null, null])
  })
})

describe("ended processes are left", () => {
  it.each([["node", true], ["nodejs", true], ["tini", false], ["systemd", false], ["sh", false]])(
    "by %s: %s",
    (first, left) => expect(unreaped(first) !== null).toBe(left)
  )
  it("by nobody that the system does not tell of", () => expect(unreaped(null)).toBe(null))
})
