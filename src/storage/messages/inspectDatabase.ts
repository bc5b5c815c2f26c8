import { pathToFileURL } from "node:url"
import { loadSqlite } from "../sqlite.ts"
import { checkVersion, checkWhole, type DatabaseError, databaseError } from "./schema.ts"

/** SQLite then makes no file beside it and takes no lock. Nobody may change the file meanwhile, and there is no journal. */
const unchanging = (path: string): URL => {
  const url = pathToFileURL(path)
  url.searchParams.set("immutable", "1")
  return url
}

/** Why the messages in a file cannot be used; null if they can. No sidecar may run in its folder. Changes nothing. */
export const inspectDatabase = (path: string): DatabaseError | null => {
  try {
    const database = new (loadSqlite()).DatabaseSync(unchanging(path), { readOnly: true })
    try {
      checkVersion(database)
      checkWhole(database)
      return null
    } finally {
      database.close()
    }
  } catch (cause) {
    return databaseError(cause)
  }
}
