/*-------------------------------------------------------------------------
 *
 * service_account.h
 *		The keys of Google Cloud service accounts, which are JSON objects.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SERVICE_ACCOUNT_H
#define APIKEY_SERVICE_ACCOUNT_H

/*
 * Is the value the key of a service account: a JSON object with the strings
 * private_key, a PEM key, and client_email, an address?  If so, *email and
 * *email_len are set to the address, which is not secret, within the value.
 * Nothing is copied.
 */
extern bool apikey_service_account_email(const char *value, size_t len,
										 const char **email, size_t *email_len);

#endif							/* APIKEY_SERVICE_ACCOUNT_H */
