// Prints the rows of Parquet files as JSON lines, read by hyparquet: a reader that shares no code
// with DuckDB. Blobs come as base64, times as ISO 8601.
//   node read-parquet.mjs TOOLS_FOLDER FILE...
//   node read-parquet.mjs TOOLS_FOLDER --schema FILE...
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const [tools, ...rest] = process.argv.slice(2)
const require = createRequire(join(tools, 'package.json'))
const load = name => import(pathToFileURL(require.resolve(name)).href)
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await load('hyparquet')
const { compressors } = await load('hyparquet-compressors')

const toJson = value => {
  if (typeof value === 'bigint') {
    return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
  }
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (Array.isArray(value)) return Array.from(value, toJson)
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]))
  }
  return value ?? null
}

const schemaOnly = rest[0] === '--schema'
for (const path of schemaOnly ? rest.slice(1) : rest) {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  if (schemaOnly) {
    const codecs = metadata.row_groups.flatMap(g => g.columns.map(c => c.meta_data.codec))
    console.log(JSON.stringify({ codecs: [...new Set(codecs)], columns: toJson(metadata.schema) }))
    continue
  }
  for (const row of await parquetReadObjects({ file, metadata, compressors, utf8: false })) {
    console.log(JSON.stringify(toJson(row)))
  }
}
