// Package gatehouse verifies requests signed by Gatehouse (see docs/signing.md).
//
// Go 1.19 or later, standard library only. Copy this file into a package of your service.
package gatehouse

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const tolerance = 5 * time.Minute

var (
	timestampPattern = regexp.MustCompile(`^[0-9]{1,12}$`)
	requestIDPattern = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
)

// Verify returns nil for a genuine, fresh request, else why it must be refused (answer 401).
//
// The secrets are all that are valid now; two during a rotation. The body is the raw bytes, read
// before any parsing. The path and query are taken raw from r.RequestURI, so call Verify before
// any middleware rewrites the request.
//
// A retry of the same run has the same X-Tengine-Request-Id with a new timestamp: remember the ids
// that you carried out for at least ten minutes, and answer a known one with its first result.
func Verify(secrets []string, r *http.Request, body []byte, now time.Time) error {
	timestamp := r.Header.Get("X-Tengine-Timestamp")
	requestID := r.Header.Get("X-Tengine-Request-Id")
	signatures := r.Header.Get("X-Tengine-Signature")
	if timestamp == "" || requestID == "" || signatures == "" {
		return errors.New("missing header")
	}
	if !timestampPattern.MatchString(timestamp) || !requestIDPattern.MatchString(requestID) {
		return errors.New("malformed header")
	}
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil {
		return errors.New("malformed header")
	}
	if age := now.Sub(time.Unix(seconds, 0)); age > tolerance || age < -tolerance {
		return errors.New("timestamp outside tolerance")
	}
	digest := sha256.Sum256(body)
	line := fmt.Sprintf("tng2 %s %s %s %s %x", timestamp, requestID, r.Method, r.RequestURI, digest)
	genuine := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(line))
		expected := "tng2=" + hex.EncodeToString(mac.Sum(nil))
		for _, signature := range strings.Split(signatures, ",") {
			if hmac.Equal([]byte(expected), []byte(strings.Trim(signature, " "))) {
				genuine = true
			}
		}
	}
	if !genuine {
		return errors.New("signature mismatch")
	}
	return nil
}
