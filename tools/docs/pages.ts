/** Every file that is made from a table in the code, by its path in the project. */
import { errorsPage } from "./errorsPage.ts"
import { environmentExample, settingsPage } from "./settingsPage.ts"

export const pages = (): Readonly<Record<string, string>> => ({
  "docs/errors.md": errorsPage(),
  "docs/settings.md": settingsPage(),
  ".env.example": environmentExample(),
})
