def report(rows): return str(len(rows))
def tuning_report(rows):
    out=[]
    for r in rows:
        if r.get("trial"): out.append(f"{r['key']} {sum(r['curve'][-1][3:])/3:.3f} {[c[3] for c in r['curve']]} cpu {r['cpu_s']} {r['peak_mib']}")
    return "\n".join(out)
