// Recomputes, from the OnionRTC capture alone, what the archive must hold; prints JSON lines.
// Shares no code with the project and needs no packages: what both say alike is not one's own bug.
//   node recompute.mjs FOLDER
// A line of kind 'aggregate' is one carrier, window and metric; of kind 'insight' one carrier and
// window; of kind 'total' one carrier over all time; of kind 'warning' one condition of a stream,
// raised or cleared; the single line of kind 'books' tells what became of the rows of
// rawData.csv.gz.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const folder = process.argv[2]
const windows = [['5m', 300_000], ['24h', 86_400_000]]
const percents = [25, 50, 75, 90, 95, 99]

/** The records of a CSV file (RFC 4180): yields objects of text fields, and `raw`. */
function* readCsv (name) {
  const text = gunzipSync(readFileSync(join(folder, name))).toString('utf8')
  let at = 0
  const next = () => {
    const start = at
    const fields = []
    for (;;) {
      let field = ''
      if (text[at] === '"') {
        for (at++; ; at += 2) {
          const quote = text.indexOf('"', at)
          field += text.slice(at, quote)
          at = quote
          if (text[at + 1] !== '"') break
          field += '"'
        }
        at++
      } else {
        const from = at
        while (at < text.length && !',\r\n'.includes(text[at])) at++
        field = text.slice(from, at)
      }
      fields.push(field)
      if (text[at] === ',') {
        at++
        continue
      }
      const raw = text.slice(start, at)
      while (text[at] === '\r') at++
      if (text[at] === '\n') at++
      return { fields, raw }
    }
  }
  const header = next().fields
  while (at < text.length) {
    const { fields, raw } = next()
    const row = Object.fromEntries(header.map((column, i) => [column, fields[i]]))
    yield { ...row, raw }
  }
}

/** Groups by carrier, window and what else names the group. */
class Groups {
  #groups = new Map()

  add (carrier, time, more, create, change) {
    for (const [window, length] of windows) {
      const start = Math.floor(time / length) * length
      const key = { carrier, window, window_start: new Date(start).toISOString(), ...more }
      const id = JSON.stringify(key)
      if (!this.#groups.has(id)) this.#groups.set(id, { key, value: create() })
      change(this.#groups.get(id).value)
    }
  }

  * [Symbol.iterator] () {
    yield * this.#groups.values()
  }
}

/** A sum that does not depend on the order: ascending values, compensated (Neumaier). */
function sumOf (sorted) {
  let sum = 0
  let lost = 0
  for (const value of sorted) {
    const next = sum + value
    lost += Math.abs(sum) >= Math.abs(value) ? (sum - next) + value : (value - next) + sum
    sum = next
  }
  return sum + lost
}

function statistics (values) {
  const sorted = values.toSorted((a, b) => a - b)
  const n = sorted.length
  if (n === 0) return { count: 0 }
  const sum = sumOf(sorted)
  const mean = sum / n
  const squares = sumOf(sorted.map(v => (v - mean) ** 2).sort((a, b) => a - b))
  const result = { count: n, min: sorted[0], max: sorted[n - 1], sum, mean }
  if (n > 1) result.stddev = Math.sqrt(squares / (n - 1))
  for (const p of percents) {
    result[`p${p}`] = sorted[Math.min(Math.floor(n * p / 100), n - 1)]
  }
  return result
}

/**
 * MOS where only the loss is known, %: ITU-T G.107 with its defaults (R = 93.2, Ie 0, Bpl 4.3,
 * random loss, no delay).
 */
function mosOf (percent) {
  const r = 93.2 - 95 * percent / (percent + 4.3)
  if (r <= 0) return 1
  return Math.max(1, 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6)
}

/** The warnings of streams: 3 of the last 5 samples raise, none of 5 clears after 5 s. */
class Warnings {
  #keep = 600_000 // a stream without a report for so long is over, ms
  #streams = new Map()

  /** Counters that ran backwards: what they say of their interval is not known. */
  backwards = 0

  /** Takes in a report: what crosses its limit and what does not, by condition. */
  take (row, offset) {
    if (row.ssrc === '') return
    const time = Math.floor(Number(row.timestamp))
    const id = JSON.stringify([row.userId, row.ssrc, row.type])
    let stream = this.#streams.get(id)
    if (stream !== undefined && time - stream.time >= this.#keep) {
      this.#end(stream)
      stream = undefined
    }
    if (stream === undefined) {
      stream = { carrier: row.userId, time, received: 0, lost: 0, samples: {}, raised: new Map() }
      this.#streams.set(id, stream)
    }
    if (time < stream.time) return
    stream.time = time
    for (const [warning, crosses] of this.#conditions(stream, row)) {
      const samples = [...stream.samples[warning] ?? [], crosses].slice(-5)
      stream.samples[warning] = samples
      const crossed = samples.filter(sample => sample).length
      const raise = stream.raised.get(warning)
      if (raise === undefined && crossed >= 3) {
        stream.raised.set(warning, { time, offset })
        this.#print(stream, warning, true, 'samples', time, time, offset)
      } else if (raise !== undefined && crossed === 0 && time - raise.time >= 5000) {
        stream.raised.delete(warning)
        this.#print(stream, warning, false, 'samples', time, raise.time, offset)
      }
    }
  }

  /** The input has ended: so have all streams. */
  end () {
    for (const stream of this.#streams.values()) this.#end(stream)
  }

  #conditions (stream, row) {
    if (row.type !== 'inbound-rtp') return []
    const found = []
    let received = -1 // in the interval; not known
    if (row.packetsReceived !== '') {
      received = Number(row.packetsReceived) - stream.received
      stream.received = Number(row.packetsReceived)
      if (received < 0) this.backwards++
    }
    let lost = -1
    if (row.packetsLost !== '') {
      if (received >= 0) lost = Math.max(0, Number(row.packetsLost) - stream.lost)
      stream.lost = Number(row.packetsLost)
    }
    if (lost >= 0 && received + lost > 0) {
      const percent = 100 * lost / (received + lost)
      found.push(['high_packet_loss', percent > 5], ['low_mos', mosOf(percent) < 3.5])
    }
    // Without packets a level is an old one.
    if (received === 0) found.push(['silent', true])
    else if (row.audioLevel !== '') found.push(['silent', Number(row.audioLevel) === 0])
    else if (received > 0) found.push(['silent', false])
    return found
  }

  #end (stream) {
    for (const [warning, raise] of stream.raised) {
      const time = stream.time + this.#keep
      this.#print(stream, warning, false, 'stream_ended', time, raise.time, raise.offset)
    }
  }

  #print ({ carrier }, warning, raised, cause, time, raisedAt, offset) {
    print({
      kind: 'warning',
      carrier,
      warning,
      raised,
      cause,
      event_time: new Date(time).toISOString(),
      raised_at: new Date(raisedAt).toISOString(),
      duration_s: raised ? null : (time - raisedAt) / 1000,
      source_offset: offset
    })
  }
}

function print (line) {
  console.log(JSON.stringify(line))
}

// getStats: one value a row and metric; a row that came before, byte for byte, counts once.
const metrics = new Groups()
const seen = new Set()
const warnings = new Warnings()
const books = { kind: 'books', rows: 0, aggregated: 0, duplicate: 0, ignored: 0 }
for (const row of readCsv('rawData.csv.gz')) {
  books.rows++
  const names = row.kind !== 'audio'
    ? []
    : row.type === 'inbound-rtp'
      ? [['jitter', row.jitter]]
      : row.type === 'remote-inbound-rtp'
        ? [['rtt', row.roundTripTime], ['remote_jitter', row.jitter]]
        : []
  if (names.length === 0) {
    books.ignored++
  } else if (seen.has(row.raw)) {
    books.duplicate++
  } else {
    seen.add(row.raw)
    books.aggregated++
    warnings.take(row, books.rows)
    for (const [metric, seconds] of names) {
      if (seconds === '') continue
      const value = Number(seconds) * 1000
      metrics.add(row.userId, Number(row.timestamp), { metric }, () => [], v => v.push(value))
    }
  }
}
warnings.end()
print({ ...books, set_aside: warnings.backwards })
for (const { key, value } of metrics) print({ kind: 'aggregate', ...key, ...statistics(value) })

// Signalling: a leg is a room and a user; it counts where its outcome was told.
const legs = new Map()
for (const row of readCsv('calls.csv.gz')) {
  if (row.client_username === '') continue
  const id = JSON.stringify([row.room_id, row.client_username])
  if (!legs.has(id)) legs.set(id, { carrier: row.client_username })
  const leg = legs.get(id)
  const [, date, second, fraction] = /^(\S+) ([\d:]+)(?:\.(\d+))?$/.exec(row.timestamp)
  const milliseconds = Number((fraction ?? '').slice(0, 3).padEnd(3, '0'))
  const time = Date.parse(`${date}T${second}Z`) + milliseconds
  ;(leg[row.logging_type] ??= []).push(time)
}

const outcomes = new Groups()
const totals = new Map()
const create = () => ({ attempts: 0, answered: 0, connected: [], pdd: [] })
for (const leg of legs.values()) {
  const one = name => leg[name]?.[0]
  const answered = one('COMMAND_SESSION_SUCCESS') !== undefined
  const decided = one('COMMAND_SESSION_SUCCESS') ?? one('COMMAND_SESSION_FAILED')
  if (decided === undefined) continue
  const [start, running, end] =
    ['COMMAND_SESSION_START', 'CLIENT_RUNNING', 'CLIENT_END'].map(one)
  if (!totals.has(leg.carrier)) totals.set(leg.carrier, create())
  const count = value => {
    value.attempts++
    if (answered) value.answered++
    if (answered && running !== undefined && end !== undefined) {
      value.connected.push((end - running) / 1000)
    }
    if (running !== undefined && start !== undefined) value.pdd.push((running - start) / 1000)
  }
  outcomes.add(leg.carrier, decided, {}, create, count)
  count(totals.get(leg.carrier))
}

function printOutcome (kind, key, { attempts, answered, connected, pdd }) {
  print({
    kind,
    ...key,
    attempts,
    answered,
    asr: 100 * answered / attempts,
    aloc: connected.length === 0 ? null : statistics(connected).mean,
    pdd: statistics(pdd)
  })
}
for (const { key, value } of outcomes) printOutcome('insight', key, value)
for (const [carrier, value] of totals) printOutcome('total', { carrier }, value)
