/**
 * Explains Node's TLS errors in words that a person can act on.
 *
 * Sources: Node's manual, "X509 certificate error codes" of `node:tls`; OpenSSL's reasons, which Node puts into
 * `ERR_SSL_…` or, during a write, into the message of an `EPROTO`.
 */
import { Option } from "effect"

/** `authorities` is the variable that names a file with the certificates of authorities to trust. */
const certificateProblem = (code: string, message: string, authorities: string): string | undefined => {
  switch (code) {
    case "UNABLE_TO_GET_ISSUER_CERT":
    case "UNABLE_TO_GET_ISSUER_CERT_LOCALLY":
    case "UNABLE_TO_VERIFY_LEAF_SIGNATURE":
    case "SELF_SIGNED_CERT_IN_CHAIN":
      return `its certificate is from an authority that is not known here (${message}); name the file with that authority's certificate in ${authorities}`
    case "DEPTH_ZERO_SELF_SIGNED_CERT":
      return `its certificate is self-signed; name the file with it in ${authorities}`
    case "CERT_HAS_EXPIRED":
      return "its certificate has expired; have it renewed (or set the clock of this machine)"
    case "CERT_NOT_YET_VALID":
      return "its certificate is not valid yet; set the clocks (NTP)"
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return `its certificate is for another host (${message}); use a name that is in the certificate, or have one issued for this name`
  }
  return /^(CERT_|INVALID_|PATH_LENGTH|HOSTNAME_|UNABLE_TO_|ERROR_IN_CERT)/.test(code)
    ? `its certificate is not accepted (${message})`
    : undefined
}

/** A plain-text answer was read as TLS. */
const noTls = /wrong.version.number|packet.length.too.long|unknown.protocol/i
/** A plain HTTP request was sent to a TLS port. */
const tlsWanted = "ERR_SSL_HTTP_REQUEST"

/** One side refuses the other: another version, another cipher, a weak key, a certificate of ours. */
const refused =
  /alert.(protocol.version|handshake.failure|insufficient.security|unknown.ca|(bad.|unsupported.)?certificate)|unsupported.protocol|no.protocols|no.cipher|too.low|too.small|too.weak/i

/**
 * Returns the explanation of a permanent TLS error. None if it is no TLS error, or a transient one, such as a broken
 * connection.
 */
export const tlsProblem = (code: string, message: string, authorities: string): Option.Option<string> => {
  const ofCertificate = certificateProblem(code, message, authorities)
  if (ofCertificate !== undefined) return Option.some(ofCertificate)
  if (!code.startsWith("ERR_SSL_") && code !== "EPROTO") return Option.none()
  const failure = `${code} ${message}`
  if (code === tlsWanted) return Option.some("it speaks TLS on this port; write https://")
  if (noTls.test(failure)) return Option.some("it does not speak TLS on this port")
  return refused.test(failure) ? Option.some(`the two sides do not agree on TLS (${code})`) : Option.none()
}
