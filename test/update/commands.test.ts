import { describe, expect, it } from "@effect/vitest"
import { resolve } from "node:path"

interface Program {
  readonly file: string
  readonly args: ReadonlyArray<string>
}
type Environment = Record<string, string | undefined>
interface Commands {
  readonly npmCommand: (platform: string, args: ReadonlyArray<string>, env?: Environment) => Program & {
    readonly verbatim: boolean
  }
  readonly killCommand: (platform: string, pid: number) => Program | undefined
  readonly gitEnvironment: (env: Environment) => Environment
  readonly npmEnvironment: (env: Environment, execPath: string) => Environment
  readonly told: (text: string) => string
}
const load: (path: string) => Promise<Commands> = (path) => import(path)
const { gitEnvironment, killCommand, npmCommand, npmEnvironment, told } = await load(
  resolve("scripts/update/commands.mjs")
)

describe("the commands of an update", () => {
  it("run npm directly where it is a program, and by cmd.exe on Windows, where it is a script", () => {
    expect(npmCommand("linux", ["ci", "--no-audit"])).toEqual({
      file: "npm",
      args: ["ci", "--no-audit"],
      verbatim: false
    })
    const ComSpec = String.raw`C:\Windows\System32\cmd.exe`
    expect(npmCommand("win32", ["ci", "--no-audit"], { ComSpec })).toEqual({
      file: ComSpec,
      args: ["/d", "/s", "/c", "\"npm ci --no-audit\""],
      verbatim: true
    })
    expect(npmCommand("win32", ["ci"]).file).toBe("cmd.exe")
  })

  it("are ended with all they have started: by taskkill on Windows, elsewhere as a group", () => {
    expect(killCommand("win32", 42)).toEqual({ file: "taskkill", args: ["/pid", "42", "/T", "/F"] })
    expect(killCommand("linux", 42)).toBeUndefined()
  })

  it("get what git and npm need, whatever the case of its name, and no secret", () => {
    const env = {
      Path: "C:\\bin",
      SystemRoot: "C:\\Windows",
      https_proxy: "http://proxy:1",
      LC_ALL: "C",
      SSH_AUTH_SOCK: "/agent",
      AGENTCOM_TOKEN: "secret",
      OPENAI_API_KEY: "secret",
      NODE_ENV: "production",
      NODE_OPTIONS: "--require x",
      npm_config_registry: "http://registry"
    }
    const { npm_config_registry: _registry, AGENTCOM_TOKEN: _token, OPENAI_API_KEY: _key, ...rest } = env
    const { NODE_ENV: _env, NODE_OPTIONS: _options, ...needed } = rest
    expect(gitEnvironment(env)).toEqual({
      ...needed,
      GIT_TERMINAL_PROMPT: "0",
      GIT_OPTIONAL_LOCKS: "0",
      GIT_ASKPASS: "",
      GCM_INTERACTIVE: "never"
    })
    expect(npmEnvironment(env, "/opt/node/bin/node")).toEqual({
      ...needed,
      npm_config_registry: "http://registry",
      Path: expect.stringMatching(/^C:\\bin[:;]\/opt\/node\/bin$/)
    })
  })

  it("are told of in one short line without the password of an address", () => {
    expect(told("fatal: unable to access\n 'https://me:pa55@host/x.git/': no\n")).toBe(
      "fatal: unable to access 'https://host/x.git/': no"
    )
    expect(told("x".repeat(10_000)).length).toBeLessThan(500)
  })
})
