/** Codes of the bytes that have a meaning in the slot's text or in CSV. V8 inlines them. */
export const newline = 0x0a
export const carriageReturn = 0x0d
export const space = 0x20
export const quote = 0x22
export const apostrophe = 0x27
export const plus = 0x2b
export const comma = 0x2c
export const minus = 0x2d
export const dot = 0x2e
export const zero = 0x30
export const colon = 0x3a
export const upperB = 0x42
export const openBracket = 0x5b
export const underscore = 0x5f
export const letterE = 0x65

export const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39

/** True for lower-case letters and `_`. */
export const isNameLetter = (code: number): boolean => (code >= 0x61 && code <= 0x7a) || code === underscore
