// Runs the Go receivers for the tests: `verify` reads one case from standard input and prints `ok`
// or `bad: <reason>`, `serve <settings>` serves and prints its port.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"example/gatehouse"
)

func main() {
	if os.Args[1] == "verify" {
		verify()
		return
	}
	serve(os.Args[2])
}

func verify() {
	var received struct {
		Secrets []string          `json:"secrets"`
		Now     int64             `json:"now"`
		Method  string            `json:"method"`
		Target  string            `json:"target"`
		Headers map[string]string `json:"headers"`
		Body    []byte            `json:"body_base64"`
	}
	if err := json.NewDecoder(os.Stdin).Decode(&received); err != nil {
		panic(err)
	}
	request := &http.Request{
		Method:     received.Method,
		RequestURI: received.Target,
		Header:     http.Header{},
	}
	for name, value := range received.Headers {
		request.Header.Set(name, value)
	}
	now := time.Unix(received.Now, 0)
	if err := gatehouse.Verify(received.Secrets, request, received.Body, now); err != nil {
		fmt.Println("bad: " + err.Error())
		return
	}
	fmt.Println("ok")
}

func serve(settings string) {
	var parsed struct {
		Secrets       []string `json:"secrets"`
		Now           int64    `json:"now"`
		MaxRemembered int      `json:"max_remembered"`
	}
	if err := json.Unmarshal([]byte(settings), &parsed); err != nil {
		panic(err)
	}
	receiver := &gatehouse.Receiver{
		Secrets:       parsed.Secrets,
		MaxRemembered: parsed.MaxRemembered,
		Now:           func() time.Time { return time.Unix(parsed.Now, 0) },
	}
	service := &service{carriedOut: map[string]int{}, released: make(chan struct{})}
	mux := http.NewServeMux()
	mux.HandleFunc("/control/carried_out", service.count)
	mux.HandleFunc("/control/release", service.release)
	mux.Handle("/", receiver.Middleware(service))
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	panic(http.Serve(listener, mux))
}

type service struct {
	mutex      sync.Mutex
	carriedOut map[string]int
	released   chan struct{}
}

func (service *service) count(w http.ResponseWriter, r *http.Request) {
	service.mutex.Lock()
	defer service.mutex.Unlock()
	fmt.Fprint(w, service.carriedOut[r.URL.Query().Get("path")])
}

func (service *service) release(w http.ResponseWriter, r *http.Request) {
	close(service.released)
}

func (service *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	service.mutex.Lock()
	service.carriedOut[path]++
	times := service.carriedOut[path]
	service.mutex.Unlock()
	if strings.HasPrefix(path, "/slow") {
		<-service.released
	}
	if strings.HasPrefix(path, "/broken") && times == 1 {
		http.Error(w, "broken", http.StatusInternalServerError)
		return
	}
	if strings.HasPrefix(path, "/panicking") && times == 1 {
		panic(http.ErrAbortHandler)
	}
	if strings.HasPrefix(path, "/empty") {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	caller, _ := gatehouse.CallerFrom(r.Context())
	body, _ := io.ReadAll(r.Body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	json.NewEncoder(w).Encode(map[string]any{
		"times": times,
		"body":  string(body),
		"caller": map[string]any{
			"project_id":     caller.ProjectID,
			"integration_id": caller.IntegrationID,
			"request_id":     caller.RequestID,
			"timestamp":      caller.Timestamp.Unix(),
			"member_id":      orNull(caller.MemberID),
			"member_email":   orNull(caller.MemberEmail),
			"member_roles":   append([]string{}, caller.MemberRoles...),
		},
	})
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
