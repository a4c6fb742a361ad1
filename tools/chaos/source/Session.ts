/** A session that is opened when it is needed, and again after the server ended it. */
import pg from "pg"

export class Session {
  readonly #url: string
  readonly #settings: string
  #client: pg.Client | undefined

  constructor(url: string, settings: string) {
    this.#url = url
    this.#settings = settings
  }

  async open(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 5000 })
    client.on("error", () => this.forget())
    await client.connect()
    await client.query(this.#settings)
    this.#client = client
    return client
  }

  forget(): void {
    const client = this.#client
    this.#client = undefined
    client?.end().catch(() => {})
  }

  /** After a statement that failed: its transaction is over. */
  async rollback(): Promise<void> {
    await this.#client?.query("ROLLBACK").catch(() => this.forget())
  }
}
