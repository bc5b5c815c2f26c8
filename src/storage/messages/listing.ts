import type { DatabaseSync } from "node:sqlite"
import { Listed, type Listing } from "../../domain/messages/Listing.ts"
import { nothingHeld } from "../../domain/messages/Talk.ts"
import { exists } from "../files.ts"
import { loadSqlite } from "../sqlite.ts"
import { makeChoice } from "./choice.ts"
import { makeHeld } from "./held.ts"
import type { StoreLimits } from "./operations.ts"
import { busy_wait_ms, checkVersion, query } from "./schema.ts"

export const listed_messages = 200
const name_chars = 100 // what others chose has any length
const said_chars = 160

const cut = (column: string) => `substr(${column}, 1, ${name_chars})`

/** The last messages of the inbox, in the order in which they came. `all` names those too that were delivered. */
export const makeListing = (database: DatabaseSync) => {
  const last = query(
    database,
    Listed,
    `SELECT ${cut("id")} AS id, way, ${cut("channel")} AS channel, ${cut("sender")} AS "from", ${cut("type")} AS type,
      substr(iif(json_valid(payload), coalesce(CAST(json_extract(payload, '$.text') AS TEXT), payload), payload),
        1, ${said_chars}) AS said,
      heard_at, state, substr(reason, 1, ${said_chars}) AS reason
    FROM inbox WHERE :all = 1 OR state NOT IN ('delivered', 'expired')
    ORDER BY number DESC LIMIT ${listed_messages}`
  )
  return (all: boolean) => last({ all: Number(all) }).toReversed()
}

const noListing: Listing = { held: nothingHeld, held_back: [], messages: [] }

/** The list of a database at `path` that no sidecar has open, at `now` (epoch ms). Throws what `databaseError` understands. */
export const listingIn = async (path: string, all: boolean, limits: StoreLimits, now: number): Promise<Listing> => {
  if (!(await exists(path))) return noListing
  const database = new (loadSqlite()).DatabaseSync(path, { readOnly: true, timeout: busy_wait_ms })
  try {
    if (checkVersion(database) === 0) return noListing
    const { held_back } = makeChoice(database, limits)(now)
    return { held: makeHeld(database).held(), held_back, messages: makeListing(database)(all) }
  } finally {
    database.close()
  }
}
