package gatehouse

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	maxBodyBytes         = 10 << 20
	defaultMaxRemembered = 10_000
)

// Caller is who a request acts for. A member's parts are there when the tool injects them.
type Caller struct {
	ProjectID     string
	IntegrationID string
	RequestID     string    // the run's: the same again on every retry
	Timestamp     time.Time // of this attempt
	MemberID      string    // empty without a member
	MemberEmail   string
	MemberRoles   []string
}

// Receiver lets genuine, fresh requests of Gatehouse through and answers 401 to all others. Copy
// this file and verify.go into a package of your service (Go 1.19 or later), then:
//
//	receiver := &gatehouse.Receiver{Secrets: []string{secret}}
//	http.Handle("/v1/", receiver.Middleware(notes))
//
// The signature proves that Gatehouse sent this method, path, query and body with this request id
// and time. It does not cover the identity headers: those are as trustworthy as the TLS connection.
type Receiver struct {
	Secrets       []string         // every secret that is valid now; two during a rotation
	MaxRemembered int              // past it the oldest write goes; 0 is 10,000
	Now           func() time.Time // nil is time.Now

	mutex   sync.Mutex
	answers map[string]*answer // by request id
	oldest  []string           // the keys of answers, the oldest first
}

type callerKey struct{}

// CallerFrom gives the caller of a request that came through a Receiver.
func CallerFrom(ctx context.Context) (Caller, bool) {
	caller, ok := ctx.Value(callerKey{}).(Caller)
	return caller, ok
}

// Middleware puts the Caller into the context of every request that it lets through to next. It
// carries out a write once per request id and gives a retry the first answer; one of 500 or more is
// not remembered. With several processes, keep request ids and answers in your database instead, in
// the transaction of the write itself.
func (receiver *Receiver) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
		if err != nil {
			http.Error(w, "body cannot be read", http.StatusBadRequest)
			return
		}
		if err := Verify(receiver.Secrets, r, body, receiver.now()); err != nil {
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		caller := callerOf(r.Header)
		if caller.ProjectID == "" || caller.IntegrationID == "" {
			http.Error(w, "missing header", http.StatusUnauthorized)
			return
		}
		r = r.WithContext(context.WithValue(r.Context(), callerKey{}, caller))
		r.Body = io.NopCloser(bytes.NewReader(body))
		if r.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		receiver.once(caller.RequestID, next, r).writeTo(w)
	})
}

func (receiver *Receiver) now() time.Time {
	if receiver.Now == nil {
		return time.Now()
	}
	return receiver.Now()
}

func callerOf(header http.Header) Caller {
	seconds, _ := strconv.ParseInt(header.Get("X-Tengine-Timestamp"), 10, 64)
	caller := Caller{
		ProjectID:     header.Get("X-Tengine-Project-Id"),
		IntegrationID: header.Get("X-Tengine-Integration-Id"),
		RequestID:     header.Get("X-Tengine-Request-Id"),
		Timestamp:     time.Unix(seconds, 0),
		MemberID:      header.Get("X-Tengine-Member-Id"),
		MemberEmail:   header.Get("X-Tengine-Member-Email"),
	}
	if roles := header.Get("X-Tengine-Member-Roles"); roles != "" {
		caller.MemberRoles = strings.Split(roles, ",")
	}
	return caller
}

// once gives the first answer to a write, which it carries out if there is none yet.
func (receiver *Receiver) once(id string, next http.Handler, r *http.Request) *answer {
	first, isMine := receiver.remembered(id)
	if !isMine {
		<-first.done
		return first
	}
	isWhole := false
	defer func() {
		if !isWhole {
			first.status = http.StatusInternalServerError
		}
		receiver.mutex.Lock()
		first.hasFailed = first.status >= 500
		receiver.mutex.Unlock()
		close(first.done)
	}()
	next.ServeHTTP(first, r)
	isWhole = true
	return first
}

// remembered gives the answer to the id, and whether the caller has to make it.
func (receiver *Receiver) remembered(id string) (*answer, bool) {
	receiver.mutex.Lock()
	defer receiver.mutex.Unlock()
	known, isKnown := receiver.answers[id]
	if isKnown && !known.hasFailed {
		return known, false
	}
	if receiver.answers == nil {
		receiver.answers = map[string]*answer{}
	}
	first := &answer{header: http.Header{}, done: make(chan struct{})}
	receiver.answers[id] = first
	if !isKnown {
		receiver.oldest = append(receiver.oldest, id)
	}
	limit := receiver.MaxRemembered
	if limit == 0 {
		limit = defaultMaxRemembered
	}
	if len(receiver.oldest) > limit {
		delete(receiver.answers, receiver.oldest[0])
		receiver.oldest = receiver.oldest[1:]
	}
	return first, true
}

// answer is a http.ResponseWriter that keeps what is written to it.
type answer struct {
	status    int
	header    http.Header
	body      bytes.Buffer
	hasFailed bool
	done      chan struct{} // closed once the answer is whole
}

func (answer *answer) Header() http.Header { return answer.header }

func (answer *answer) WriteHeader(status int) {
	if answer.status == 0 {
		answer.status = status
	}
}

func (answer *answer) Write(text []byte) (int, error) {
	answer.WriteHeader(http.StatusOK)
	return answer.body.Write(text)
}

func (answer *answer) writeTo(w http.ResponseWriter) {
	for name, values := range answer.header {
		w.Header()[name] = values
	}
	if answer.status != 0 {
		w.WriteHeader(answer.status)
	}
	w.Write(answer.body.Bytes())
}
