/** What a user may do with a file or folder, as bits of Windows' access mask. */
export const rights = {
  read: 0x1,
  add_file: 0x2,
  add_folder: 0x4,
  enter: 0x20, // of a file: execute
  delete_child: 0x40,
  delete: 0x10000
} as const

const all = 0x1f01ff

/** The names of rights in a security descriptor, with what they stand for of a file. */
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

/** The trustees that a descriptor names by two letters. */
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

/** Who a service is when it runs as this account: itself and the groups that each such process is in. */
const identities = (sid: string): ReadonlyArray<string> =>
  sid === "S-1-5-18"
    ? [sid, "S-1-5-32-544", ...everyone]
    : [sid, "S-1-5-6", "S-1-5-32-545", ...everyone]

const entry = /\(([^;()]*);([^;()]*);([^;()]*);[^;()]*;[^;()]*;([^;()]*)(?:;[^()]*)?\)/g

/** The rights that a service with this account has by the descriptor (SDDL); a denial counts wherever it stands. */
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
