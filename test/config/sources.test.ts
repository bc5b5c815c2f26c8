import { afterAll, beforeAll, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { configFile } from "../../src/config/ConfigFile.ts"
import { configFlags, type ConfigKey, configKeyNames, flagOf, variableOf } from "../../src/config/keys.ts"
import { policyKeys } from "../../src/config/messageKeys.ts"
import { loadSettings } from "../../src/config/SidecarConfig.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-sources-"))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const inFile = { agent_id: "in-file", token: "t0ken-in-file", hub_url: "ws://file.example/ws" }

const fixture = (name: string): string => resolve("test/fixtures/tls", name)
const pem = (name: string): string => readFileSync(fixture(name), "utf8")

const write = (config: object): string => {
  const path = join(mkdtempSync(join(folder, "agent-")), "config.json")
  writeFileSync(path, JSON.stringify(config))
  return path
}

const none = { environment: {}, flags: {} }

const load = (
  config: object,
  environment: Readonly<Record<string, string>> = {},
  flags: Readonly<Record<string, string>> = {}
) => loadSettings(write(config), { environment, flags }, false)

const problemsOf = (...args: Parameters<typeof load>) =>
  Effect.map(Effect.flip(load(...args)), ({ problems }) => problems)

/** For each key: what stands in the file, what a variable and a flag say, and the settings that makes of the latter two. */
interface Row {
  readonly file: unknown
  readonly variable: string
  readonly fromVariable: unknown
  readonly flag: string
  readonly fromFlag: unknown
}

const text = (suffix = ""): Row => ({
  file: `file${suffix}`,
  variable: `variable${suffix}`,
  fromVariable: `variable${suffix}`,
  flag: `flag${suffix}`,
  fromFlag: `flag${suffix}`
})

const number: Row = { file: 1, variable: "2", fromVariable: 2, flag: "3", fromFlag: 3 }

const url = (scheme: string): Row => ({
  file: `${scheme}://file.example`,
  variable: `${scheme}://variable.example`,
  fromVariable: `${scheme}://variable.example`,
  flag: `${scheme}://flag.example`,
  fromFlag: `${scheme}://flag.example`
})

const path: Row = {
  file: "./file",
  variable: "./variable",
  fromVariable: expect.stringMatching(/[/\\]variable$/),
  flag: "./flag",
  fromFlag: expect.stringMatching(/[/\\]flag$/)
}

/** Those that name a file which has to be there, or become a part of the message policy, are tested by themselves. */
type Plain = Exclude<
  ConfigKey,
  | typeof policyKeys[number]
  | "token"
  | "token_file"
  | "tls_ca"
  | "tls_cert"
  | "tls_key"
  | "prompt_template"
  | "update_timeout_ms"
>

const rows: Readonly<Record<Plain, Row>> = {
  agent_id: text(),
  hub_url: url("ws"),
  hub_api_url: url("http"),
  wake_command: {
    file: "file",
    variable: "[\"a\", \"b c\"]",
    fromVariable: ["a", "b c"],
    flag: "a b",
    fromFlag: "a b"
  },
  wake_command_blocks: { file: false, variable: "true", fromVariable: true, flag: "false", fromFlag: false },
  capabilities: {
    file: ["file"],
    variable: "a, b",
    fromVariable: ["a", "b"],
    flag: "[\"c\"]",
    fromFlag: ["c"]
  },
  confirmation_timeout_ms: number,
  agent_silence_ms: number,
  output_silence_ms: number,
  task_timeout_ms: number,
  message_command: {
    file: "file",
    variable: "[\"a\", \"b c\"]",
    fromVariable: ["a", "b c"],
    flag: "a b",
    fromFlag: "a b"
  },
  message_command_blocks: { file: false, variable: "true", fromVariable: true, flag: "false", fromFlag: false },
  send_max_bytes: number,
  kill_grace_ms: number,
  retention_days: number,
  agent_dir: path,
  results_dir: path,
  tasks_dir: path,
  log_file: path,
  log_file_bytes: number,
  log_files: number,
  metrics_listen: {
    file: "127.0.0.1:1",
    variable: "127.0.0.1:2",
    fromVariable: expect.anything(),
    flag: "127.0.0.1:3",
    fromFlag: expect.anything()
  }
}

const policyRows: Readonly<Record<typeof policyKeys[number], readonly [variable: string, policy: object]>> = {
  channels: ["ops, dev", { channels: ["ops", "dev"] }],
  message_rules: ["[{\"from\": \"bob\", \"action\": \"drop\"}]", { rules: [{ from: "bob", action: "drop" }] }],
  batch_ms: ["7", { batch_ms: 7 }],
  batch_max: ["7", { batch_max: 7 }],
  min_interval_ms: ["7", { min_interval_ms: 7 }],
  urgent_per_hour: ["7", { per_hour: { urgent_of_sender: 7 } }],
  deliver_while_working: ["false", { deliver_while_working: false }],
  message_stale_ms: ["7", { stale_ms: 7 }],
  max_deliveries_per_hour: ["7", { per_hour: { deliveries: 7 } }],
  sender_per_hour: ["7", { per_hour: { sender: 7 } }],
  thread_per_hour: ["7", { per_hour: { thread: 7 } }],
  channel_per_hour: ["7", { per_hour: { channel: 7 } }],
  room_per_hour: ["7", { per_hour: { room: 7 } }],
  answers_per_hour: ["7", { per_hour: { answers: 7 } }]
}

describe("a setting of the message policy", () => {
  it.effect.each(policyKeys.map((key) => [key, ...policyRows[key]] as const))(
    "%s",
    ([key, variable, policy]) =>
      Effect.gen(function*() {
        expect(yield* load(inFile, { [variableOf(key)]: variable })).toMatchObject({ messages: policy })
      })
  )
})

describe("a setting", () => {
  it.effect.each(Object.entries(rows))(
    "%s is taken from the flag before the environment, and from that before the file",
    (
      [key, { file, flag, fromFlag, fromVariable, variable }]
    ) =>
      Effect.gen(function*() {
        const known = configKeyNames.find((name) => name === key) ?? "agent_id"
        const config = { ...inFile, [key]: file }
        const environment = { [variableOf(known)]: variable }
        expect(yield* load(config, environment)).toMatchObject({ [key]: fromVariable })
        expect(yield* load(config, environment, { [flagOf(known)]: flag })).toMatchObject({ [key]: fromFlag })
        const file_path = write(config)
        const empty = { [variableOf(known)]: "" }
        expect(yield* loadSettings(file_path, { environment: empty, flags: {} })).toEqual(
          yield* loadSettings(file_path, none)
        )
      })
  )

  /** Three files of each kind, no two of them the same: those of the file, the variable and the flag. */
  const contents: Readonly<Record<"tls_ca" | "prompt_template", readonly [string, string, string]>> = {
    tls_ca: [pem("ca.pem"), pem("server.pem"), pem("client.pem")],
    prompt_template: ["{task} 1", "{task} 2", "{task} 3"]
  }
  it.effect.each(["tls_ca", "prompt_template"] as const)(
    "%s, the content of a file, is taken from the flag before the environment, and from that before the file",
    (key) =>
      Effect.gen(function*() {
        const [inConfig, inVariable, inFlag] = contents[key].map((content, n) => {
          const file = join(folder, `${key}-${n}`)
          writeFileSync(file, content)
          return file
        })
        const config = { ...inFile, [key]: inConfig }
        const environment = { [variableOf(key)]: inVariable ?? "" }
        expect((yield* load(config))[key]).toBe(contents[key][0])
        expect((yield* load(config, environment))[key]).toBe(contents[key][1])
        expect((yield* load(config, environment, { [flagOf(key)]: inFlag ?? "" }))[key]).toBe(contents[key][2])
      })
  )

  it.effect("tls_cert and tls_key are taken from the flag before the environment, and from that before the file", () =>
    Effect.gen(function*() {
      const pair = (name: string) => ({ tls_cert: fixture(`${name}.pem`), tls_key: fixture(`${name}.key`) })
      const [client, elsewhere, server] = [pair("client"), pair("elsewhere"), pair("server")]
      const config = { ...inFile, ...client }
      const environment = { AGENTCOM_TLS_CERT: elsewhere.tls_cert, AGENTCOM_TLS_KEY: elsewhere.tls_key }
      const flags = { "tls-cert": server.tls_cert, "tls-key": server.tls_key }
      const loaded = [yield* load(config), yield* load(config, environment), yield* load(config, environment, flags)]
      expect(loaded.map(({ tls_cert, tls_key }) => [tls_cert, tls_key === null ? null : Redacted.value(tls_key)]))
        .toEqual(["client", "elsewhere", "server"].map((name) => [pem(`${name}.pem`), pem(`${name}.key`)]))
    }))

  it.effect("update_timeout_ms, which only the start script uses, may be given in each of the three ways", () =>
    Effect.gen(function*() {
      const bad = { AGENTCOM_UPDATE_TIMEOUT_MS: "soon" }
      expect(yield* problemsOf({ ...inFile, update_timeout_ms: "now" })).toEqual([
        "config.json: update_timeout_ms: must be a number"
      ])
      expect(yield* problemsOf({ ...inFile, update_timeout_ms: 1 }, bad)).toEqual([
        "AGENTCOM_UPDATE_TIMEOUT_MS: must be a number"
      ])
      yield* load({ ...inFile, update_timeout_ms: "now" }, bad, { "update-timeout-ms": "1" })
    }))

  it.effect("is refused under the name by which it was given", () =>
    Effect.gen(function*() {
      const environment = {
        AGENTCOM_HUB_URL: "http://x",
        AGENTCOM_WAKE_COMMAND_BLOCKS: "yes",
        AGENTCOM_CAPABILITIES: "a,,b"
      }
      const problems = yield* problemsOf({ ...inFile, log_file: 7 }, environment, { "kill-grace-ms": "soon" })
      expect(problems.toSorted()).toEqual([
        "--kill-grace-ms: must be a number",
        "AGENTCOM_CAPABILITIES[1]: must not be empty",
        "AGENTCOM_HUB_URL: must be a ws:// or wss:// address",
        "AGENTCOM_WAKE_COMMAND_BLOCKS: must be true or false",
        "config.json: log_file: must be text in double quotes"
      ])
    }))

  it.effect("that every sidecar needs may be in the environment alone, and then there need be no file", () =>
    Effect.gen(function*() {
      const environment = { AGENTCOM_AGENT_ID: "a", AGENTCOM_TOKEN: "t", AGENTCOM_HUB_URL: "ws://h" }
      const nowhere = join(folder, "config.json")
      const { agent_id, results_dir, token } = yield* loadSettings(nowhere, { environment, flags: {} })
      expect({ agent_id, results_dir }).toEqual({ agent_id: "a", results_dir: join(folder, "results") })
      expect(Redacted.value(token)).toBe("t")
      const { AGENTCOM_TOKEN: _, ...incomplete } = environment
      const { message } = yield* Effect.flip(loadSettings(nowhere, { environment: incomplete, flags: {} }))
      expect(message).toContain("there is no such file")
    }))
})

describe("the token", () => {
  const tokenOf = (...args: Parameters<typeof load>) => Effect.map(load(...args), ({ token }) => Redacted.value(token))

  it.effect("may be in a file of its own, by its end or without", () =>
    Effect.gen(function*() {
      const { token: _, ...rest } = inFile
      const config = write({ ...rest, token_file: "secret" })
      for (const content of ["s3cret", "s3cret\n", "s3cret\r\n"]) {
        writeFileSync(join(dirname(config), "secret"), content)
        const { token } = yield* loadSettings(config, none)
        expect(Redacted.value(token)).toBe("s3cret")
      }
    }))

  it.effect("of a greater place counts, whether it is given there itself or by its file", () =>
    Effect.gen(function*() {
      const file = join(folder, "token-of-the-environment")
      writeFileSync(file, "from-its-file\n")
      expect(yield* tokenOf(inFile, { AGENTCOM_TOKEN: "from-the-environment" })).toBe("from-the-environment")
      expect(yield* tokenOf(inFile, { AGENTCOM_TOKEN_FILE: file })).toBe("from-its-file")
      const { token: _, ...rest } = inFile
      expect(yield* tokenOf({ ...rest, token_file: "nowhere" }, { AGENTCOM_TOKEN: "x" })).toBe("x")
      expect(yield* tokenOf(inFile, {}, { "token-file": file })).toBe("from-its-file")
      const environment = { AGENTCOM_TOKEN_FILE: "nowhere" }
      expect(yield* tokenOf(inFile, environment, { "token-file": file })).toBe("from-its-file")
      expect(yield* tokenOf(inFile, { AGENTCOM_TOKEN: "x" }, { "token-file": file })).toBe("from-its-file")
    }))

  it.effect("is never taken from the command line", () =>
    Effect.gen(function*() {
      expect(configFlags).not.toContain("token")
      expect(yield* tokenOf(inFile, {}, { token: "seen-by-all" })).toBe("t0ken-in-file")
    }))

  const nowhere = resolve("nowhere", "secret")
  const faults: ReadonlyArray<readonly [what: string, config: object, problem: string]> = [
    [
      "a file that is not there",
      { token_file: nowhere },
      `config.json: token_file: ${nowhere} cannot be read: there is no such file`
    ],
    [
      "both",
      { token_file: "a", token: "b" },
      "config.json: token_file: must not be given beside token: one of them is enough"
    ]
  ]
  it.effect.each(faults)("is refused with %s", ([, more, problem]) =>
    Effect.gen(function*() {
      const { token: _, ...rest } = inFile
      expect(yield* problemsOf({ ...rest, ...more })).toEqual([problem])
    }))
})

describe("every key", () => {
  it("has its variable and its flag", () => {
    const keys = Object.keys(configFile("", false).fields).filter((key) => key !== "$schema")
    expect(configKeyNames.toSorted()).toEqual(keys.toSorted())
  })
})
