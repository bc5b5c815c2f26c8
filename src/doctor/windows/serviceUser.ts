import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type Check, failed, ok, type Outcome, skipped, type Subject } from "../Check.ts"
import { runProgram } from "../runProgram.ts"
import { sampleWake } from "../sampleWake.ts"
import { granted, rights } from "./sddl.ts"

/** What PowerShell finds out: the service, its account, and who may do what with the folder and the program. */
const Access = Schema.Struct({
  service: Schema.String,
  account: Schema.String,
  sid: Schema.String,
  folder: Schema.String, // SDDL
  program: Schema.NullOr(Schema.String) // SDDL
})

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Access))

/** Asks in words that no language of Windows translates: account and rights come as identifiers. */
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

/** What the answer of PowerShell means for the agent's folder and the program that wakes it. */
export const serviceOutcome = (printed: string, folder: string, program: string | null): Outcome => {
  if (printed.trim() === "none") return skipped("no service of Windows runs pm2 or the sidecar")
  const access = Option.getOrUndefined(decode(printed.trim()))
  if (access === undefined) return skipped("Windows does not say as whom a service would run")
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

/** The file that a wake would run; null where that is for a shell to find. */
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
