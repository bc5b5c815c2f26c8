import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Check, failed, ok, type Outcome, runProgram, skipped, type Subject } from "./Check.ts"
import { sampleWake } from "./command.ts"

/** Rights to a file or folder, as bits of a Windows access mask. */
export const rights = {
  read: 0x1,
  add_file: 0x2,
  add_folder: 0x4,
  enter: 0x20, // for a file: execute
  delete_child: 0x40,
  delete: 0x10000
} as const

const all = 0x1f01ff

/** The names of rights in a security descriptor, with their bits for a file. */
const named: Readonly<Record<string, number>> = {
  FA: all,
  GA: all,
  FR: 0x120089,
  GR: 0x120089,
  FW: 0x120116,
  GW: 0x120116,
  FX: 0x1200a0,
  GX: 0x1200a0,
  CC: 0x1,
  DC: 0x2,
  LC: 0x4,
  SW: 0x8,
  RP: 0x10,
  WP: 0x20,
  DT: 0x40,
  LO: 0x80,
  CR: 0x100,
  SD: 0x10000,
  RC: 0x20000,
  WD: 0x40000,
  WO: 0x80000
}

/** The generic rights of an access mask, by their bits. */
const generic: ReadonlyArray<readonly [bit: number, name: string]> = [
  [0x10000000, "GA"],
  [0x20000000, "GX"],
  [0x40000000, "GW"]
]

const numeric = (mask: number): number =>
  generic.reduce((sum, [bit, name]) => (mask & bit) === 0 ? sum : sum | (named[name] ?? 0), mask) |
  (mask >= 0x80000000 ? named["GR"] ?? 0 : 0)

const maskOf = (text: string): number =>
  text.startsWith("0x")
    ? numeric(Number(text))
    : (text.match(/../g) ?? []).reduce((mask, name) => mask | (named[name] ?? 0), 0)

/** The accounts that a descriptor names by two letters. */
const sids: Readonly<Record<string, string>> = {
  SY: "S-1-5-18",
  LS: "S-1-5-19",
  NS: "S-1-5-20",
  BA: "S-1-5-32-544",
  BU: "S-1-5-32-545",
  AU: "S-1-5-11",
  WD: "S-1-1-0",
  SU: "S-1-5-6"
}

const everyone = ["S-1-1-0", "S-1-5-11"]

/** The account of a service and the groups of every process that runs as it. */
const identities = (sid: string): ReadonlyArray<string> =>
  sid === "S-1-5-18"
    ? [sid, "S-1-5-32-544", ...everyone]
    : [sid, "S-1-5-6", "S-1-5-32-545", ...everyone]

const entry = /\(([^;()]*);([^;()]*);([^;()]*);[^;()]*;[^;()]*;([^;()]*)(?:;[^()]*)?\)/g

/** The rights that a security descriptor (SDDL) gives a service with this account. A denial counts wherever it is. */
export const granted = (sddl: string, sid: string): number => {
  const [, entries = ""] = /D:[A-Z]*((?:\([^()]*\))*)/.exec(sddl) ?? []
  const who = identities(sid)
  let [allowed, denied] = [0, 0]
  for (const [, type, flags = "", mask = "", trustee = ""] of entries.matchAll(entry)) {
    const isOfChildrenOnly = /^(?:..)*IO/.test(flags)
    if (isOfChildrenOnly || !who.includes(sids[trustee] ?? trustee)) continue
    if (type === "A") allowed |= maskOf(mask)
    if (type === "D") denied |= maskOf(mask)
  }
  return allowed & ~denied
}

/** What PowerShell reports: the service, its account, and the permissions of the folder and the program. */
const Access = Schema.Struct({
  service: Schema.String,
  account: Schema.String,
  sid: Schema.String,
  folder: Schema.String, // SDDL
  program: Schema.NullOr(Schema.String) // SDDL
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Access))

/** Asks for identifiers, as Windows translates names of accounts and rights. */
const script = `$ErrorActionPreference = 'Stop'
$s = Get-CimInstance Win32_Service |
  Where-Object { $_.Name -eq 'PM2' -or "$($_.Name) $($_.PathName)" -like '*agentcom*' } | Select-Object -First 1
if (-not $s) { 'none'; exit }
$n = if ($s.StartName -eq 'LocalSystem') { 'NT AUTHORITY\\SYSTEM' }
  else { $s.StartName -replace '^\\.\\\\', "$env:COMPUTERNAME\\" }
$sid = if ($s.StartName -eq 'LocalSystem') { 'S-1-5-18' }
  else { (New-Object System.Security.Principal.NTAccount $n).Translate([System.Security.Principal.SecurityIdentifier]).Value }
$p = if ($env:DOCTOR_PROGRAM) { (Get-Acl -LiteralPath $env:DOCTOR_PROGRAM).Sddl } else { $null }
@{ service = $s.Name; account = $n; sid = $sid; folder = (Get-Acl -LiteralPath $env:DOCTOR_FOLDER).Sddl; program = $p } |
  ConvertTo-Json -Compress`

const has = (mask: number, wanted: number): boolean => (mask & wanted) === wanted

const { add_file, add_folder, delete: remove, delete_child, enter, read } = rights

const mayWork = (mask: number): boolean =>
  has(mask, read | enter | add_file | add_folder) && (has(mask, remove) || has(mask, delete_child))

/** Whether, by the answer of PowerShell, the service may use the agent's folder and run the program that wakes the agent. */
export const serviceOutcome = (printed: string, folder: string, program: string | null): Outcome => {
  if (printed.trim() === "none") return skipped("no service of Windows runs pm2 or the sidecar")
  const access = Option.getOrUndefined(decode(printed.trim()))
  if (access === undefined) return skipped("Windows does not say as which user a service would run")
  const { account, service, sid } = access
  const who = `the service ${service} runs as ${account}`
  if (!mayWork(granted(access.folder, sid))) {
    return failed(
      `${who}, which may not write in ${folder}`,
      `let it: icacls "${folder}" /grant "*${sid}:(OI)(CI)M" /T`
    )
  }
  if (program !== null && access.program !== null && !has(granted(access.program, sid), read | enter)) {
    return failed(
      `${who}, which may not run ${program}`,
      `let it: icacls "${program}" /grant "*${sid}:RX", or install the program for all users`
    )
  }
  return ok(`${who}, which may use the folder${program === null ? "" : ` and run ${program}`}`)
}

/** The file that a wake would run; null if a shell looks for it. */
const programOf = Effect.fnUntraced(function*({ settings }: Subject) {
  const { command } = yield* sampleWake(settings)
  return typeof command === "string" ? null : command[0] ?? null
}, Effect.orElseSucceed(() => null))

export const serviceUserCheck: Check = {
  name: "service user",
  run: Effect.fnUntraced(function*(subject) {
    const program = yield* programOf(subject)
    const env = { ...process.env, DOCTOR_FOLDER: subject.folder, DOCTOR_PROGRAM: program ?? "" }
    const encoded = Buffer.from(script, "utf16le").toString("base64")
    const powershell = ["powershell.exe", "-NoProfile", "-NonInteractive", "-EncodedCommand", encoded]
    const { out } = yield* runProgram(powershell, { cwd: subject.folder, env })
    return serviceOutcome(out, subject.folder, program)
  })
}
