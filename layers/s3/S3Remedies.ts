/** Advice for S3 stores, with the names of their settings. Other reasons keep their general advice. */
import { type StoreRemedies, storeErrors } from "../../src/services/lake/StoreError.ts"

export const s3Remedies: StoreRemedies = {
  Unreachable: "The lake did not answer. Check LAKE_URL, MINIO_ENDPOINT and the network.",
  Tls: "Check MINIO_ENDPOINT, and the certificate of the server.",
  Denied:
    "The lake refused the credentials, or a permission is missing. Check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and the bucket's policy (list, read, write, delete).",
  Region: "The bucket is in another region. Set MINIO_REGION, and MINIO_ENDPOINT to that region's.",
  BucketName: "S3 allows 3 to 63 lower-case letters, digits, dots and hyphens. Correct LAKE_URL.",
  ObjectLock:
    "The bucket's default retention (Object Lock) asks for a checksum that this request did not carry, or forbids it. Remove the default retention, or choose a bucket without Object Lock in LAKE_URL.",
  Encryption:
    "The store cannot encrypt with the key or the kind that the bucket or the request names. Check the bucket's default encryption and the permission to use its key (kms:GenerateDataKey, kms:Decrypt).",
  Refused:
    "The store refuses such a request each time: a retry cannot help. Check that MINIO_ENDPOINT is an S3 endpoint with these abilities, and look into the store's own log.",
  Broken:
    "The lake answered in a way that is not understood. Check MINIO_ENDPOINT, and look into the store's own log.",
}

/** Creates an error of an S3 store, with its remedy. */
export const s3Error = storeErrors(s3Remedies)
