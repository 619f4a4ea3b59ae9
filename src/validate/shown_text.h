/*-------------------------------------------------------------------------
 *
 * shown_text.h
 *		Which arguments an error message may repeat.
 *
 *-------------------------------------------------------------------------
 */
#ifndef APIKEY_SHOWN_TEXT_H
#define APIKEY_SHOWN_TEXT_H

/*
 * The text itself if it can plainly be a name or an id, otherwise "(not shown)":
 * it may be a secret that was passed as the wrong argument, and messages go to
 * logs.  For what is stored as a name already, this is not needed.
 */
extern const char *apikey_shown_text(const char *text);

#endif							/* APIKEY_SHOWN_TEXT_H */
